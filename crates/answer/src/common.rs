//! Words that are everywhere and tell little, although they are no function words.
//!
//! Rarity is judged from the chunks of one search, and in a small library a plain word such as
//! "needed" may stand nowhere. Its absence must not weigh as much as that of a name. So the words
//! listed here have a fixed, small share of the weight they would otherwise have. The lists are
//! ours, by judgement; they hold stems, as [`crate::stem`] makes them.

use std::collections::HashSet;
use std::sync::OnceLock;

use docent_text::{Stop, terms};

use crate::stem::stem;

/// What is left of a common word's weight.
pub(crate) const SHARE: f32 = 0.3;

const ENGLISH: &str = "
    able accord according actually add ago allow almost already although always amount another answer appear
    apply area ask available away back bad based become became began begin best better big bring call
    called came case cause certain change choose come common compare complete consider consist contain
    continue contribute correct could create current day decide define depend describe detail determine
    develop difference different discuss does done due during each early easy effect either else end enough
    especially even event ever every exactly example exist explain fact famous far feature feel few final
    find first follow form found full further gave general get give given go goes going good got great group
    grow had happen hard held help high hold however important include increase indicate instead involve
    issue itself keep kind know known large last late later least leave led left less let level like likely
    little live long look lot low made main major make many matter may mean measure mention might month more
    most move much must name near necessary need never new next not note nothing now number occur off offer
    often old once one only open order original other others out over own part particular people perform
    perhaps person place play point possible present probably problem produce provide purpose put question
    quite rather reach real reason receive recent refer regard relate remain report represent require
    respect result run said same saw say second see seem seen send serve set several short show shown side
    similar simple since single small someone something sort speak specific start state stay step still
    stop style support sure system take taken talk term thing think though thought three through time today
    together told took toward try turn two type typical under unit until up upon use used useful using usual
    value various very view want way week well went whether whole wide within without word work world
    worth write year yes yet";

const CHINESE: &str = "
    时候 时间 需要 应该 可以 必须 主要 重要 使用 进行 通过 其中 之后 之前 以后 以前 目前 现在 成为 作为 认为 包括 属于
    具有 存在 发生 出现 开始 结束 方面 方式 方法 情况 问题 原因 结果 部分 地方 东西 事情 名字 名称 名为 叫做 称为 被称
    哪种 哪类 哪一 哪位 哪年 何时 何地 何种 多长 多大 多久 几个 几次 一种 一次 一年 一些 第一 最后 最大 最多 最高
    不同 相同 其他 另外 同时 由于 因此 根据 关于 对于 有关 相关 以下 以上 如下 所有 每个 各种 许多 非常 已经 仍然 可能
    能够 希望 想要 知道 了解 说明 解释 描述 表示 提供 得到 获得 产生 造成 导致 影响 采用 利用 参加 参与 完成 建立";

fn list() -> &'static HashSet<String> {
    static LIST: OnceLock<HashSet<String>> = OnceLock::new();
    LIST.get_or_init(|| {
        let words = ENGLISH.split_whitespace().chain(CHINESE.split_whitespace());
        words.flat_map(|word| terms(word, Stop::Keep)).map(stem).collect()
    })
}

/// Whether a term is common.
pub(crate) fn is_common(term: &str) -> bool {
    list().contains(term)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_words_are_known_in_all_their_forms() {
        for word in ["needed", "years", "called", "using", "时候", "哪年"] {
            let term = terms(word, Stop::Keep).into_iter().map(stem).next().unwrap();
            assert!(is_common(&term), "{word}");
        }
        for word in ["impeller", "treasurer", "warranty", "茶饼", "12"] {
            assert!(!is_common(&stem(word.to_owned())), "{word}");
        }
    }
}
