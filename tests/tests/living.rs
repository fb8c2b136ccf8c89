//! A library that lives: docent runs, files come, change, move and go, notes are written, and
//! everything is backed up and brought back. The real models, the real reader, the real index.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

use docent_api::wire::*;
use docent_api::{Api, Places, SilentHost, Sink};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

struct World {
    home: tempfile::TempDir,
    api: Api,
}

fn places(home: &Path, data: &str) -> Places {
    let mut places = Places::from_environment(Some(home.join(data)));
    let programs = docent_tests::programs();
    places.models = docent_tests::models();
    places.notes = home.join("笔记 notes");
    places.network.offline = true;
    places.resources.worker = programs.join("docent-extract-worker");
    places.resources.catalogue = programs.join("resources/models");
    places.resources.sample = programs.join("resources/sample");
    places.resources.pdfium = programs.join("resources/libpdfium.so");
    places
}

impl World {
    async fn new() -> Self {
        let home = tempfile::Builder::new().prefix("docent 活 ").tempdir().unwrap();
        let api = Api::open(places(home.path(), "library"), Arc::new(SilentHost)).await.unwrap();
        Self { home, api }
    }

    fn folder(&self) -> PathBuf {
        let folder = self.home.path().join("papers 文件");
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.folder().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    async fn add(&self) -> Source {
        let paths = vec![self.folder().to_string_lossy().into_owned()];
        let added = self.api.add_sources(AddSourcesReq { paths, collection: None }).await.unwrap();
        self.api.index_until_idle().await.unwrap();
        added.added.into_iter().next().unwrap()
    }

    /// Paths of the documents found by these words whose text holds all of them, sorted.
    async fn find(&self, words: &str) -> Vec<String> {
        self.find_in(words, Scope::default()).await
    }

    async fn find_in(&self, words: &str, scope: Scope) -> Vec<String> {
        let req = SearchReq { query: words.to_owned(), scope, limit: 50 };
        let found = self.api.search(req).await.unwrap().passages;
        let fits = |passage: &Passage| words.split(' ').all(|word| passage.text.contains(word));
        let mut paths: Vec<String> = found.into_iter().filter(fits).map(|passage| passage.path).collect();
        paths.sort();
        paths.dedup();
        paths
    }

    /// Waits until the words are found in exactly these documents; gives how long that took.
    async fn until(&self, words: &str, paths: &[&str]) -> Duration {
        let begun = Instant::now();
        loop {
            let found = self.find(words).await;
            if found == paths {
                return begun.elapsed();
            }
            assert!(begun.elapsed() < Duration::from_secs(60), "{words} is in {found:?}, not in {paths:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn document(&self, path: &str) -> Document {
        let req = DocumentsReq { text: Some(path.to_owned()), ..DocumentsReq::default() };
        let listed = self.api.list_documents(req).await.unwrap().documents;
        listed.into_iter().find(|document| document.path == path).unwrap_or_else(|| panic!("no {path}"))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_in_a_folder_is_followed() {
    let world = World::new().await;
    world.write("a.md", "The aardvark digs at night.");
    world.write("keep/b.md", "The bandicoot hops.");
    let source = world.add().await;
    world.api.start();
    // The watch is set by the first look in the background.
    while !world.api.list_sources(Empty {}).await.unwrap().sources[0].watched {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    world.write("c.txt", "The capybara swims.");
    let added = world.until("capybara swims", &["c.txt"]).await;
    world.write("c.txt", "The capybara sleeps now.");
    let edited = world.until("capybara sleeps", &["c.txt"]).await;
    assert!(world.find("capybara swims").await.is_empty(), "the old text is gone");
    let before = world.document("a.md").await.id;
    std::fs::rename(world.folder().join("a.md"), world.folder().join("keep/moved.md")).unwrap();
    world.until("aardvark digs", &["keep/moved.md"]).await;
    assert_eq!(world.document("keep/moved.md").await.id, before, "it is the same document");
    std::fs::rename(world.folder().join("keep"), world.folder().join("kept 留")).unwrap();
    world.until("aardvark digs", &["kept 留/moved.md"]).await;
    world.until("bandicoot hops", &["kept 留/b.md"]).await;
    std::fs::remove_file(world.folder().join("c.txt")).unwrap();
    let deleted = world.until("capybara sleeps", &[]).await;
    // As editors save: another file takes the place.
    world.write("kept 留/b.md.new", "The bandicoot dances.");
    std::fs::rename(world.folder().join("kept 留/b.md.new"), world.folder().join("kept 留/b.md")).unwrap();
    world.until("bandicoot dances", &["kept 留/b.md"]).await;
    println!("searchable after: new {added:?}, edited {edited:?}, deleted {deleted:?}");

    // What cannot be reached is not gone.
    let away = world.home.path().join("away");
    std::fs::rename(world.folder(), &away).unwrap();
    world.api.rescan(OptionalSourceReq { source: Some(source.id) }).await.unwrap();
    while world.api.list_sources(Empty {}).await.unwrap().sources[0].reachable {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(world.find("aardvark digs").await, ["kept 留/moved.md"]);

    // It comes back and is followed again, without anybody asking.
    std::fs::rename(&away, world.home.path().join("papers 文件")).unwrap();
    let is_followed = |source: &Source| source.reachable && source.watched;
    while !is_followed(&world.api.list_sources(Empty {}).await.unwrap().sources[0]) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    world.write("d.txt", "The dingo howls.");
    world.until("dingo howls", &["d.txt"]).await;
    // So is another folder in its place.
    std::fs::rename(world.folder(), &away).unwrap();
    world.write("e.txt", "The emu runs.");
    world.until("emu runs", &["e.txt"]).await;
    world.write("f.txt", "The falcon dives.");
    world.until("falcon dives", &["f.txt"]).await;
    world.api.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_model_files_are_listed_and_wait() {
    let home = tempfile::tempdir().unwrap();
    let mut bare = places(home.path(), "library");
    bare.models = home.path().join("no models");
    let api = Api::open(bare, Arc::new(SilentHost)).await.unwrap();
    let world = World { home, api };
    world.write("a.md", "The jackal calls.");
    let paths = vec![world.folder().to_string_lossy().into_owned()];
    world.api.add_sources(AddSourcesReq { paths, collection: None }).await.unwrap();
    let stopped = world.api.index_until_idle().await;
    assert_eq!(stopped.unwrap_err().code, Code::ModelNotInstalled);
    assert_eq!(world.document("a.md").await.state, DocumentState::Waiting);
    assert_eq!(world.api.list_sources(Empty {}).await.unwrap().sources[0].counts.total, 1);
    world.api.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_are_stored_once_and_rules_and_forgetting_hold() {
    let world = World::new().await;
    world.write("one.md", "The dugong grazes in shallow water.");
    world.write("copy/two.md", "The dugong grazes in shallow water.");
    world.write("secret/plan.md", "The echidna is secret.");
    world.write("big.txt", &"The fossa climbs. ".repeat(2_000));
    let source = world.add().await;
    let found = world.find("dugong grazes").await;
    assert_eq!(found.len(), 1, "{found:?}");
    let copies: Vec<Document> = vec![world.document("one.md").await, world.document("copy/two.md").await];
    assert!(copies.iter().all(|document| document.state == DocumentState::Indexed), "{copies:?}");
    assert_eq!(copies.iter().filter(|document| document.copy_of.is_some()).count(), 1);
    // The one that is found goes; the other one takes over.
    std::fs::remove_file(world.folder().join(&found[0])).unwrap();
    world.api.rescan(OptionalSourceReq { source: None }).await.unwrap();
    world.api.index_until_idle().await.unwrap();
    let left = if found[0] == "one.md" { "copy/two.md" } else { "one.md" };
    assert_eq!(world.find("dugong grazes").await, [left]);

    let rules =
        SourceRules { ignore: vec!["secret/".to_owned()], max_bytes: Some(10_000), ..source.rules.clone() };
    world.api.set_source_rules(SetSourceRulesReq { source: source.id, rules }).await.unwrap();
    world.api.index_until_idle().await.unwrap();
    assert!(world.find("echidna secret").await.is_empty());
    let listed = world.api.list_documents(DocumentsReq::default()).await.unwrap();
    assert!(listed.documents.iter().all(|document| document.path != "secret/plan.md"), "{listed:?}");
    world.write("big.txt", &"The fossa jumps. ".repeat(2_001));
    world.api.rescan(OptionalSourceReq { source: None }).await.unwrap();
    world.api.index_until_idle().await.unwrap();
    assert_eq!(world.document("big.txt").await.reason, Some(Code::OverSizeRule));

    let forgotten =
        world.api.forget_document(DocumentReq { document: world.document(left).await.id }).await.unwrap();
    assert!(forgotten.original.is_some_and(|path| Path::new(&path).exists()));
    world.api.rescan(OptionalSourceReq { source: None }).await.unwrap();
    world.api.index_until_idle().await.unwrap();
    assert!(world.find("dugong grazes").await.is_empty(), "a scan does not bring it back");

    let table = world.home.path().join("ledger.csv");
    let req = ExportLedgerReq { path: table.to_string_lossy().into_owned(), ..Default::default() };
    let rows = world.api.export_ledger(req).await.unwrap().count as usize;
    let text = std::fs::read_to_string(table).unwrap();
    assert_eq!(text.lines().count(), rows + 1);
    assert!(text.contains("over_size_rule"), "{text}");
    world.api.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn collections_narrow_a_search_and_may_share_documents() {
    let world = World::new().await;
    for name in ["one", "two", "three"] {
        world.write(&format!("{name}.md"), &format!("The gecko number {name} climbs."));
    }
    world.add().await;
    let mut made = Vec::new();
    for (name, members) in [("工作", vec!["one", "two"]), ("home", vec!["two", "three"])] {
        let collection =
            world.api.create_collection(CreateCollectionReq { name: name.into() }).await.unwrap().id;
        let mut documents = Vec::new();
        for member in members {
            documents.push(world.document(&format!("{member}.md")).await.id);
        }
        let req = CollectionMembersReq { collection, sources: vec![], documents };
        world.api.add_to_collection(req).await.unwrap();
        made.push(collection);
    }
    let scope = |collection| Scope { collection: Some(collection), ..Scope::default() };
    assert_eq!(world.find_in("gecko climbs", scope(made[0])).await, ["one.md", "two.md"]);
    assert_eq!(world.find_in("gecko climbs", scope(made[1])).await, ["three.md", "two.md"]);
    let req = DocumentsReq { collection: Some(made[0]), ..DocumentsReq::default() };
    assert_eq!(world.api.list_documents(req).await.unwrap().total, 2);
    world.api.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_note_is_found_after_it_is_saved_and_keeps_its_past() {
    let world = World::new().await;
    let none =
        world.api.save_note(SaveNoteReq { path: None, text: "x".into(), version: None, keep: false }).await;
    assert_eq!(none.unwrap_err().code, Code::NoNotesFolder);
    world.api.set_notes_folder(NotesFolderReq { path: None }).await.unwrap();
    world.api.index_until_idle().await.unwrap();
    world.api.start();
    let save = |path: Option<String>, text: &str, version: Option<String>| {
        let req = SaveNoteReq { path, text: text.to_owned(), version, keep: true };
        async { world.api.save_note(req).await.unwrap() }
    };
    let first = save(None, "# Hyrax\n\nThe hyrax basks. See [[Ibex]]. #tiere/klein", None).await.note;
    let took = world.until("hyrax basks", &["Hyrax.md"]).await;
    println!("a note is searchable {took:?} after it was saved");
    let ibex = save(None, "# Ibex\n\nThe ibex climbs.", None).await.note;
    world.until("ibex climbs", &["Ibex.md"]).await;
    let ibex = world.api.read_note(NoteReq { path: ibex.path }).await.unwrap();
    assert_eq!(ibex.backlinks.len(), 1, "{ibex:?}");
    assert_eq!(ibex.backlinks[0].path.as_deref(), Some("Hyrax.md"));
    let hyrax = world.api.read_note(NoteReq { path: first.path.clone() }).await.unwrap();
    assert_eq!(hyrax.links[0].path.as_deref(), Some("Ibex.md"));
    let tagged = NotesReq { tag: Some("tiere".into()), ..NotesReq::default() };
    assert_eq!(world.api.list_notes(tagged).await.unwrap().notes.len(), 1);
    let second =
        save(Some(first.path.clone()), "# Hyrax\n\nThe hyrax sleeps.", Some(first.version.clone())).await;
    assert!(!second.conflict);
    world.until("hyrax sleeps", &["Hyrax.md"]).await;
    let versions = world.api.note_versions(NoteReq { path: first.path.clone() }).await.unwrap().versions;
    let text = world.api.note_version(NoteVersionReq { id: versions[0].id }).await.unwrap().text;
    assert!(text.contains("basks"));
    // Another program writes; nothing of either is lost.
    let file = PathBuf::from(world.api.list_notes(NotesReq::default()).await.unwrap().folder.unwrap());
    std::fs::write(file.join("Hyrax.md"), "# Hyrax\n\nThe hyrax was changed elsewhere.").unwrap();
    let third = save(
        Some(first.path.clone()),
        "# Hyrax\n\nThe hyrax was altered by hand.",
        Some(second.note.version),
    )
    .await;
    assert!(third.conflict);
    world.until("changed elsewhere", &["Hyrax.md"]).await;
    world.until("altered hand", &[third.note.path.as_str()]).await;
    world.api.delete_note(NoteReq { path: third.note.path.clone() }).await.unwrap();
    world.until("altered hand", &[]).await;
    let versions = world.api.note_versions(NoteReq { path: third.note.path }).await.unwrap().versions;
    assert_eq!(versions.len(), 1, "what a deleted note held stays");
    world.api.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_program_wrote_into_a_note_is_a_version_before_it_is_saved_over() {
    let world = World::new().await;
    world.api.set_notes_folder(NotesFolderReq { path: None }).await.unwrap();
    let save = |path: Option<String>, text: &str, version: Option<String>| {
        let req = SaveNoteReq { path, text: text.to_owned(), version, keep: false };
        async { world.api.save_note(req).await.unwrap().note }
    };
    let first = save(None, "one", None).await;
    let path = first.path.clone();
    save(Some(path.clone()), "one two", Some(first.version)).await;
    let folder = PathBuf::from(world.api.list_notes(NotesReq::default()).await.unwrap().folder.unwrap());
    std::fs::write(folder.join(&path), "theirs").unwrap();
    let theirs = world.api.read_note(NoteReq { path: path.clone() }).await.unwrap();
    let third = save(Some(path.clone()), "theirs, and mine", Some(theirs.version)).await;
    assert_eq!(third.path, path);
    // What docent itself wrote in the same sitting leaves none.
    save(Some(path.clone()), "theirs, and more of mine", Some(third.version)).await;
    let mut texts = Vec::new();
    for version in world.api.note_versions(NoteReq { path }).await.unwrap().versions {
        texts.push(world.api.note_version(NoteVersionReq { id: version.id }).await.unwrap().text);
    }
    assert_eq!(texts, ["theirs", "one"]);
    world.api.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_answers_on_another_machine_without_embedding_again() {
    let world = World::new().await;
    world.write("a.md", "The jackal howls at the moon.");
    world.add().await;
    world.api.set_notes_folder(NotesFolderReq { path: None }).await.unwrap();
    let note = SaveNoteReq { path: None, text: "The kudu listens.".into(), version: None, keep: false };
    world.api.save_note(note).await.unwrap();
    world.api.rescan(OptionalSourceReq { source: None }).await.unwrap();
    world.api.index_until_idle().await.unwrap();
    let file = world.home.path().join("all.docent");
    let told: Arc<Mutex<Vec<BackUpEvent>>> = Arc::default();
    let sink = Sink::new({
        let told = Arc::clone(&told);
        move |event: BackUpEvent| {
            told.lock().unwrap().push(event);
            true
        }
    });
    let path = file.to_string_lossy().into_owned();
    let req = BackUpReq { request_id: "b".into(), path: path.clone(), vectors: true };
    world.api.back_up(req, sink).await.unwrap();
    assert!(matches!(told.lock().unwrap().last(), Some(BackUpEvent::Done { .. })));
    world.api.close().await;

    // Another machine: nothing of the first is there but the file.
    let other = tempfile::tempdir().unwrap();
    let moved = other.path().join("all.docent");
    std::fs::copy(&file, &moved).unwrap();
    drop(world);
    let path = moved.to_string_lossy().into_owned();
    let api = Api::open(places(other.path(), "library"), Arc::new(SilentHost)).await.unwrap();
    let info = api.inspect_backup(PathReq { path: path.clone() }).await.unwrap();
    assert_eq!((info.documents, info.notes, info.vectors), (2, 1, true));
    let told: Arc<Mutex<Vec<RestoreEvent>>> = Arc::default();
    let sink = Sink::new({
        let told = Arc::clone(&told);
        move |event: RestoreEvent| {
            told.lock().unwrap().push(event);
            true
        }
    });
    api.restore_backup(RestoreReq { request_id: "r".into(), path }, sink).await.unwrap();
    let told = std::mem::take(&mut *told.lock().unwrap());
    assert!(matches!(told.first(), Some(RestoreEvent::Unpacking { .. })), "{told:?}");
    assert!(
        matches!(&told[told.len() - 2..], [RestoreEvent::Checking, RestoreEvent::Done { .. }]),
        "{told:?}"
    );
    api.close().await;
    drop(api);
    let api = Api::open(places(other.path(), "library"), Arc::new(SilentHost)).await.unwrap();
    let world = World { home: other, api };
    // No run: what is found now was embedded on the first machine.
    assert_eq!(world.find("jackal howls").await, ["a.md"]);
    assert_eq!(world.find("kudu listens").await.len(), 1);
    let search =
        SearchReq { query: "which animal makes noise at night".into(), scope: Scope::default(), limit: 5 };
    let found = world.api.search(search).await.unwrap();
    assert!(
        !found.degraded && found.passages.iter().any(|passage| passage.vector_rank.is_some()),
        "{found:?}"
    );
    world.api.index_until_idle().await.unwrap();
    assert_eq!(world.find("jackal howls").await, ["a.md"], "sources that are not here are not gone");
    world.api.close().await;
}

/// Files below a folder whose paths hold this.
fn files_of(folder: &Path, part: &str) -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![folder.to_path_buf()]);
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().contains(part) {
                found.push(path);
            }
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_fails_while_it_is_asked_mends_itself() {
    let world = World::new().await;
    for n in 0..20 {
        world.write(&format!("{n}.md"), &format!("The kudu number {n} listens."));
    }
    world.add().await;
    world.api.close().await;
    let spoiled = files_of(&world.home.path().join("library/lance"), "_indices");
    assert!(!spoiled.is_empty());
    spoiled.iter().for_each(|path| std::fs::remove_file(path).unwrap());
    let World { home, api: before } = world;
    drop(before);
    let api = Api::open(places(home.path(), "library"), Arc::new(SilentHost)).await.unwrap();
    let world = World { home, api };
    // The library answers by itself while the index is away.
    assert_eq!(world.find("kudu").await.len(), 20);
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        let req = SearchReq { query: "kudu".to_owned(), scope: Scope::default(), limit: 50 };
        let found = world.api.search(req).await.unwrap();
        if !found.degraded && found.passages.len() == 20 {
            break;
        }
        assert!(Instant::now() < end, "{} passages, degraded {}", found.passages.len(), found.degraded);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    world.api.close().await;
}
