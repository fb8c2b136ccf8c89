//! The journal against a world that crashes anywhere: in the end everything is there exactly once.

#![allow(clippy::unwrap_used, unreachable_pub)]

mod common;

use common::{CrashAfter, World};
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Step {
    Write { file: u8, content: u8, lines: u8 },
    Remove { file: u8 },
    Rename { from: u8, to: u8 },
    Scan,
    Ingest { limit: u8, crash: CrashAfter },
    Purge { crash: CrashAfter },
    Recover,
    Crash,
    LoseRows { keep: u8 },
    LoseIndex,
    Delete { file: u8 },
}

fn crash() -> impl Strategy<Value = CrashAfter> {
    prop_oneof![
        3 => Just(CrashAfter::Never),
        1 => Just(CrashAfter::Stored),
        1 => Just(CrashAfter::Appended),
        1 => Just(CrashAfter::Published),
        1 => Just(CrashAfter::RowsPurged),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let file = || 0..4_u8;
    prop_oneof![
        5 => (file(), any::<u8>(), 0..4_u8).prop_map(|(file, content, lines)| Step::Write { file, content, lines }),
        1 => file().prop_map(|file| Step::Remove { file }),
        1 => (file(), file()).prop_map(|(from, to)| Step::Rename { from, to }),
        4 => Just(Step::Scan),
        6 => (1..4_u8, crash()).prop_map(|(limit, crash)| Step::Ingest { limit, crash }),
        3 => crash().prop_map(|crash| Step::Purge { crash }),
        2 => Just(Step::Recover),
        1 => Just(Step::Crash),
        1 => any::<u8>().prop_map(|keep| Step::LoseRows { keep }),
        1 => Just(Step::LoseIndex),
        1 => file().prop_map(|file| Step::Delete { file }),
    ]
}

fn path(file: u8) -> String {
    format!("笔记/{file}.md")
}

fn apply(world: &mut World, step: &Step, time: i64) {
    match step {
        Step::Write { file, content, lines } => {
            let text: String =
                (0..*lines).map(|line| format!("text {content} line {line} of {file}\n")).collect();
            world.files.insert(path(*file), (text, time));
        }
        Step::Remove { file } => {
            world.files.remove(&path(*file));
        }
        Step::Rename { from, to } => {
            if let Some(content) = world.files.remove(&path(*from)) {
                world.files.insert(path(*to), content);
            }
        }
        Step::Scan => world.scan(),
        Step::Ingest { limit, crash } => world.ingest(usize::from(*limit), *crash),
        Step::Purge { crash } => world.purge(*crash),
        Step::Recover => world.recover(),
        Step::Crash => world.crash(),
        Step::LoseRows { keep } => world.lose_rows(usize::from(*keep)),
        Step::LoseIndex => {
            world.index.clear();
            world.library().new_generation(world.profile).unwrap();
        }
        Step::Delete { file } => {
            if let Some(document) = world.library().document_by_path(world.source, &path(*file)).unwrap() {
                world.library().delete_document(document.id, time).unwrap();
            }
        }
    }
}

/// What readers see never holds a chunk twice, nor of two revisions of one document.
fn check_visible(world: &World) {
    let chunks: Vec<_> = world.index.iter().map(|row| row.chunk).collect();
    let live = world.library().live_chunks(&chunks).unwrap();
    let mut seen = std::collections::HashMap::new();
    for chunk in live {
        let other = seen.insert(chunk.document, chunk.revision);
        assert!(other.is_none_or(|other| other == chunk.revision), "two revisions of one document are live");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_everything_ends_up_there_exactly_once(steps in prop::collection::vec(step(), 1..40)) {
        let mut world = World::new();
        for (time, step) in (2..).zip(&steps) {
            apply(&mut world, step, time);
            check_visible(&world);
        }
        world.settle();
        prop_assert_eq!(world.visible(), world.expected());
        // The index holds a row for each of them and nothing else.
        let mut chunks: Vec<_> = world.index.iter().map(|row| row.chunk).collect();
        chunks.sort();
        chunks.dedup();
        prop_assert_eq!(chunks.len(), world.index.len(), "a row stands twice");
        prop_assert_eq!(world.index.len(), world.expected().len(), "rows of dead revisions are left");
        let counts = world.library().document_counts().unwrap();
        prop_assert_eq!(counts.indexed, world.files.len());
        // A file that went while it was being read stays known as missing.
        prop_assert_eq!(counts.documents, world.files.len());
        prop_assert_eq!(counts.chunks, world.expected().len());
    }
}

/// Each single crash point, by name, so that a failure says which one.
#[test]
fn a_crash_after_each_step_is_made_good() {
    for crash in [CrashAfter::Stored, CrashAfter::Appended, CrashAfter::Published, CrashAfter::RowsPurged] {
        let mut world = World::new();
        world.files.insert("a.txt".into(), ("old\nwords".into(), 1));
        world.scan();
        world.ingest(9, CrashAfter::Never);
        world.files.insert("a.txt".into(), ("new\nwords\nhere".into(), 2));
        world.files.insert("b.txt".into(), ("second".into(), 2));
        world.scan();
        world.ingest(9, crash);
        if crash < CrashAfter::Published {
            let old: Vec<_> = world.visible().into_iter().map(|(_, text)| text).collect();
            // The new file's row counts as soon as it is there: the file can be found by words already.
            let new: &[&str] = if crash == CrashAfter::Appended { &["second"] } else { &[] };
            assert_eq!(
                old,
                [&["old", "words"], new].concat(),
                "{crash:?}: the old revision answers until the new one is published"
            );
            assert_eq!(world.library().open_batches(world.profile).unwrap().len(), 1, "{crash:?}");
        } else {
            assert!(world.library().open_batches(world.profile).unwrap().is_empty(), "{crash:?}");
            assert_eq!(world.visible(), world.expected(), "{crash:?}");
        }
        world.purge(crash);
        world.settle();
        assert_eq!(world.visible(), world.expected(), "{crash:?}");
        assert_eq!(world.index.len(), 4, "{crash:?}");
    }
}
