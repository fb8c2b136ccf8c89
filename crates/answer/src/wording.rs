//! How questions are worded: the part of them that states nothing.
//!
//! The dictionary that cuts Chinese into words leaves question words joined to others (它是,
//! 什么时候), so they are cut out by themselves before terms are made.

use docent_text::{Stop, fold, terms};

use crate::stem::stem;

/// Question words, pronouns and particles of Chinese, longer ones before those they contain.
const ASKING: &[&str] = &[
    "它们",
    "他们",
    "她们",
    "它是",
    "他是",
    "她是",
    "它的",
    "他的",
    "她的",
    "它",
    "这个",
    "那个",
    "这些",
    "那些",
    "我们的",
    "我的",
    "您的",
    "你的",
    "请告诉我",
    "告诉我",
    "请问",
    "是什么时候",
    "什么时候",
    "什么样",
    "是什么",
    "为什么",
    "有什么",
    "什么",
    "为何",
    "怎么样",
    "怎么办",
    "怎么",
    "怎样",
    "如何",
    "有多少",
    "多少",
    "有多大",
    "有多高",
    "有多长",
    "多大",
    "多高",
    "多长",
    "多久",
    "多远",
    "哪一年",
    "哪一个",
    "哪年",
    "哪个",
    "哪些",
    "哪里",
    "哪儿",
    "哪种",
    "哪位",
    "哪几",
    "哪",
    "是谁",
    "谁",
    "何时",
    "何地",
    "何处",
    "何种",
    "几个",
    "几次",
    "几年",
    "几月",
    "几点",
    "几岁",
    "是否",
    "有没有",
    "是不是",
    "能不能",
    "可不可以",
    "吗",
    "呢",
];

/// Words that ask for something to be done with documents and say nothing about their subject.
const REQUESTS: &[&str] = &[
    "summarize",
    "summarise",
    "summary",
    "overview",
    "explain",
    "describe",
    "list",
    "document",
    "note",
    "file",
    "main",
    "point",
    "topic",
    "content",
    "总结",
    "概括",
    "概述",
    "摘要",
    "介绍",
    "说明",
    "文档",
    "文件",
    "笔记",
    "主要",
    "内容",
    "要点",
];

/// English words that ask and are no function words.
const ASKING_ENGLISH: &[&str] = &["many", "much", "often", "exactly"];

/// `question` without its question words: what is left is compared with statements.
pub(crate) fn statement(question: &str) -> String {
    let mut text = fold(question);
    for word in ASKING {
        text = text.replace(word, " ");
    }
    let asks = |word: &&str| ASKING_ENGLISH.contains(word);
    let bare = |word: &str| word.trim_matches(|c: char| !c.is_alphanumeric()).to_owned();
    let kept: Vec<&str> = text.split(' ').filter(|word| !asks(&bare(word).as_str())).collect();
    kept.join(" ")
}

/// Whether a question asks about documents as such ("summarise my notes") and names no subject.
pub(crate) fn is_generic(question: &str) -> bool {
    let mut text = statement(question);
    let content = |text: &str| terms(text, Stop::Drop).into_iter().map(stem).collect::<Vec<_>>();
    if content(&text).is_empty() {
        return false;
    }
    for word in REQUESTS.iter().filter(|word| !word.is_ascii()) {
        text = text.replace(word, " ");
    }
    let requests: Vec<String> = REQUESTS.iter().map(|word| stem((*word).to_owned())).collect();
    content(&text).iter().all(|term| requests.contains(term))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn question_words_are_cut_out() {
        assert_eq!(statement("它是什么时候建成的？").trim(), "建成的?");
        assert_eq!(statement("How many people live there?"), "how people live there?");
        assert_eq!(statement("绿茶要用多少度的水？"), "绿茶要用 度的水?");
    }

    #[test]
    fn requests_without_a_subject_are_generic() {
        for text in ["Summarize my notes", "概括文档的主要内容", "list all files", "请总结我的笔记"]
        {
            assert!(is_generic(text), "{text}");
        }
        for text in ["Summarize the tax report", "总结税务报告", "what is it", "什么是什么"] {
            assert!(!is_generic(text), "{text}");
        }
    }
}
