//! `docent` as somebody in a terminal meets it: wrong paths, pipes, links, a library that is damaged.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use docent_tests::{Docent, Ran, docent, ran};
use std::path::Path;
use std::process::Stdio;

/// Runs `docent` in `folder` as it is typed there, printing for people.
fn typed(folder: &Path, arguments: &[&str]) -> Ran {
    ran(docent().current_dir(folder).args(arguments).output().expect("docent starts"))
}

#[test]
fn no_way_of_writing_a_path_leads_into_the_library() {
    let home = tempfile::tempdir().unwrap();
    typed(home.path(), &["--data-dir", "bk1", "sources"]).ok();
    #[cfg(unix)]
    std::os::unix::fs::symlink("bk1", home.path().join("link")).unwrap();
    let database = home.path().join("bk1/app.db");
    let before = std::fs::read(&database).unwrap();
    let folders: &[&str] = if cfg!(unix) { &["bk1", "link"] } else { &["bk1"] };
    for &folder in folders {
        for command in [["backup", "bk1/app.db"], ["backup", "./bk1/../bk1/new.docent"]] {
            let refused = typed(home.path(), &["--data-dir", folder, command[0], command[1]]);
            assert_eq!(refused.code, Some(1), "{folder} {command:?}");
            assert!(refused.stderr.contains("own_data"), "{}", refused.stderr);
        }
        let table = typed(home.path(), &["--data-dir", folder, "documents", "--csv", "bk1/app.db"]);
        assert!(table.code == Some(1) && table.stderr.contains("own_data"), "{}", table.stderr);
    }
    assert!(std::fs::read(&database).unwrap().len() >= before.len());
    typed(home.path(), &["--data-dir", "bk1", "sources"]).ok();
}

#[test]
fn only_a_backup_is_replaced_by_a_backup_and_a_missing_folder_is_told() {
    let world = Docent::new();
    let letter = world.write("letter.odt", "mine");
    let taken = world.run([Path::new("backup"), &letter]);
    assert_eq!(taken.error_code(), "path_taken");
    assert_eq!(std::fs::read_to_string(&letter).unwrap(), "mine");
    let nowhere = world.documents().join("no/such/a.docent");
    assert_eq!(world.run([Path::new("backup"), &nowhere]).error_code(), "path_not_found");
    let backup = world.documents().join("a.docent");
    for _ in 0..2 {
        world.run([Path::new("backup"), &backup]).ok();
    }
    let table = world.run([Path::new("documents"), Path::new("--csv"), &letter]);
    assert_eq!(table.error_code(), "path_taken");
}

#[test]
fn a_damaged_library_is_replaced_by_its_backup() {
    let world = Docent::new();
    world.write("a.md", "The numbat eats termites.");
    world.add_documents().ok();
    let backup = world.data().with_file_name("a.docent");
    world.run([Path::new("backup"), &backup]).ok();
    std::fs::write(world.data().join("app.db"), vec![7; 100_000]).unwrap();
    let data = world.data().to_string_lossy().into_owned();
    let damaged = typed(world.data().parent().unwrap(), &["--data-dir", &data, "sources"]);
    assert_eq!(damaged.code, Some(1));
    assert!(damaged.stderr.contains("docent restore FILE"), "{}", damaged.stderr);
    // Whoever looks for what is wrong is told, with everything that is not.
    let examined = world.run(["doctor"]);
    assert_eq!(examined.code, Some(1));
    let report = examined.json();
    assert_eq!(report["healthy"], false);
    let text = |id: &str| {
        let checks = report["checks"].as_array().unwrap();
        let found = checks.iter().find(|check| check["id"] == id).unwrap_or_else(|| panic!("{id}: {report}"));
        found["text"].as_str().unwrap().to_owned()
    };
    assert!(text("database").contains("damaged") && text("database").contains("docent restore FILE"));
    assert!(text("embedder").contains("MiniLM") && text("device").contains("threads"), "{report}");
    let people = typed(world.data().parent().unwrap(), &["--data-dir", &data, "doctor"]);
    assert!(people.code == Some(1) && people.stdout.contains("BAD   database"), "{}", people.stdout);
    world.run([Path::new("restore"), &backup]).ok();
    let listed = world.run(["documents"]).ok().json();
    assert_eq!(listed["documents"][0]["path"], "a.md", "{listed}");
    // What is forgotten now is still in the library that was put aside.
    let forgotten = world.run(["forget", "1"]).ok().json();
    let aside = forgotten["put_aside"][0].as_str().unwrap();
    assert!(aside.contains("before-restore-") && Path::new(aside).is_dir(), "{forgotten}");
}

#[test]
fn as_many_threads_compute_as_were_chosen() {
    let world = Docent::new();
    world.run(["call", "update_settings", r#"{"threads":3}"#]).ok();
    let report = world.run(["doctor"]).json();
    assert_eq!(report["device"]["threads"], 3, "{report}");
}

#[test]
fn damage_that_shows_only_later_is_told_with_the_way_out() {
    let world = Docent::new();
    for n in 0..60 {
        world.write(
            &format!("{n}.md"),
            format!("Note {n} on the numbat. {}", "It eats termites. ".repeat(40)),
        );
    }
    world.add_documents().ok();
    let database = world.data().join("app.db");
    let mut bytes = std::fs::read(&database).unwrap();
    // The first pages stay, so that it opens: docent ended well, so it is not looked through then.
    for page in bytes.chunks_mut(4096).skip(24) {
        page.fill(0xa5);
    }
    std::fs::write(&database, bytes).unwrap();
    let report = world.run(["doctor"]).json();
    let checks = report["checks"].as_array().unwrap();
    let database = checks.iter().find(|check| check["id"] == "database").unwrap();
    assert_eq!(database["state"], "bad", "{report}");
    assert!(database["text"].as_str().unwrap().contains("docent restore FILE"), "{report}");
}

#[test]
fn rules_that_make_no_sense_are_refused_and_blank_endings_mean_all() {
    let world = Docent::new();
    world.write("a.md", "The quoll is spotted.");
    world.add_documents().ok();
    assert_eq!(world.run(["rules", "1", "--ignore", "{a"]).error_code(), "bad_request");
    let size = world.run(["rules", "1", "--max-size", "99999999999999999"]);
    assert_eq!(size.error_code(), "bad_request");
    let rules = world.run(["rules", "1", "--only", ""]).ok().json();
    assert_eq!(rules["rules"]["only"].as_array().unwrap().len(), 0, "{rules}");
    assert_eq!(rules["counts"]["indexed"], 1, "{rules}");
}

#[test]
fn a_passage_is_told_to_stand_where_its_words_are() {
    let world = Docent::new();
    world.write("a.md", "# Animals\n\nThe tapir swims.\n\nThe okapi hides.\n\nThe kakapo climbs.\n");
    world.add_documents().ok();
    let found = world.run(["search", "kakapo climbs"]).ok().json();
    assert!(found["passages"][0]["text"].as_str().unwrap().contains("tapir"), "one passage: {found}");
    assert_eq!(found["passages"][0]["line"], 7, "{found}");
    assert_eq!(world.run(["search", "okapi hides"]).ok().json()["passages"][0]["line"], 5);
}

#[cfg(unix)]
#[test]
fn links_pipes_and_strange_names_do_no_harm() {
    let world = Docent::new();
    world.write("a.md", "The dingo howls.");
    world.write("b\u{1b}[31m\n.md", "The wombat digs.");
    std::os::unix::fs::symlink("a.md", world.documents().join("link.md")).unwrap();
    world.add_documents().ok();

    let folder = world.documents();
    let data = world.data().to_string_lossy().into_owned();
    let listed = typed(&folder, &["--data-dir", &data, "documents"]).ok();
    assert!(!listed.stdout.contains('\u{1b}') && listed.stdout.contains("\\u{1b}[31m\\n.md"), "{listed:?}");
    // Whether or not a link is a document: what it leads to is not forgotten.
    world.run([Path::new("forget"), &folder.join("link.md")]);
    let left = world.run(["documents", "--text", "a.md"]).ok().json();
    assert_eq!(left["total"], 1, "{left}");

    let pipe = folder.join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let refused = world.run([Path::new("add"), &pipe]).json();
    assert_eq!(refused["rejected"][0]["code"], "unsupported_file", "{refused}");

    let table = world.run(["documents", "--csv", "-", "--text", "a.md"]).ok();
    assert_eq!(table.stdout.lines().count(), 2, "{}", table.stdout);

    let mut unread = docent();
    unread.args(["--data-dir", &data, "documents"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = unread.spawn().unwrap();
    drop(child.stdout.take());
    let ended = ran(child.wait_with_output().unwrap());
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(141), ""));
}

#[test]
fn what_is_not_there_leaves_nothing_behind() {
    let world = Docent::new();
    assert_eq!(world.run(["collections", "add", "C", "999"]).error_code(), "not_found");
    assert_eq!(world.run(["collections", "list"]).ok().json().as_array().unwrap().len(), 0);
    let folder = world.documents();
    world.run([Path::new("notes"), Path::new("folder"), &folder]).ok();
    assert_eq!(world.run(["notes", "versions", "nope.md"]).error_code(), "not_found");
    // An empty pipe, not `/dev/null`: nothing on the machine can put words into it.
    let empty = ran(world.command().args(["notes", "save"]).stdin(Stdio::piped()).output().unwrap());
    assert_eq!(empty.error_code(), "bad_request");
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
}

#[test]
fn what_is_forgotten_and_stays_in_a_copy_is_told() {
    let world = Docent::new();
    for name in ["a.md", "b.md"] {
        world.write(name, "The fossa hunts lemurs.");
    }
    world.add_documents().ok();
    let forgotten = world.run([Path::new("forget"), &world.documents().join("a.md")]).ok().json();
    let copies = forgotten["copies"].as_array().unwrap();
    assert!(copies.len() == 1 && copies[0].as_str().unwrap().ends_with("b.md"), "{forgotten}");
}
