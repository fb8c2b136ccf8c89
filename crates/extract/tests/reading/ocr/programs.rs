//! Programs that are missing, slow, broken or hostile.

use super::*;
use std::time::{Duration, Instant};

#[test]
fn without_the_program_pages_stay_unread_and_nothing_fails() {
    let scan = fixture("scan_chinese.png");
    for program in [None, Some(PathBuf::from("/nowhere/tesseract"))] {
        let recognition = Recognition { program, ..Recognition::default() };
        let error = read_with(recognition, "a.png", &scan).unwrap_err();
        assert!(matches!(error, ExtractError::NoText), "{error:?}");
    }
    let missing = find_recognizer(Some(Path::new("/nowhere/tesseract")), None);
    assert!(matches!(missing, RecognizerStatus::Missing { .. }), "{missing:?}");
}

/// A program that lists English and then does `what` with a page.
#[cfg(unix)]
fn fake(folder: &Path, what: &str) -> Recognition {
    use std::os::unix::fs::PermissionsExt;
    let program = folder.join("tesseract");
    let script = format!(
        "#!/bin/sh\ncase $1 in --list-langs) echo 'List (1):'; echo eng; exit;; esac\n/bin/echo run >> {}\n{what}\n",
        folder.join("runs").display()
    );
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    Recognition { program: Some(program), page_time: Duration::from_secs(2), ..Recognition::default() }
}

#[cfg(unix)]
#[test]
fn programs_that_hang_lie_or_flood_are_ended_and_refused() {
    let table = "level\\tpage_num\\tblock_num\\tpar_num\\tline_num\\tword_num\\tleft\\ttop\\twidth\\theight\\tconf\\ttext\\n";
    let outside = format!(
        "/bin/cat >/dev/null; printf '{table}5\\t1\\t1\\t1\\t1\\t1\\t9\\t9\\t99999\\t9\\t95\\tword\\n'"
    );
    let inside =
        format!("/bin/cat >/dev/null; printf '{table}5\\t1\\t1\\t1\\t1\\t1\\t9\\t9\\t99\\t9\\t95\\tword\\n'");
    for (what, reads) in [
        ("exec /bin/sleep 1000", false),
        ("/bin/sleep 1000", false),
        ("exec /bin/cat /dev/urandom", false),
        ("exec /usr/bin/head -c 1000000000 /dev/zero", false),
        ("exec /usr/bin/yes complaint >&2", false),
        ("exit 3", false),
        (outside.as_str(), false),
        (inside.as_str(), true),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let started = Instant::now();
        let outcome = read_with(fake(folder.path(), what), "a.png", &fixture("stains.png"));
        // Far below the 1,000 s that it sleeps, on however busy a machine.
        assert!(started.elapsed() < Duration::from_secs(300), "{what}");
        match outcome {
            Ok(document) => assert!(reads && document.text == "word", "{what}: {}", document.text),
            Err(error) => assert!(!reads && error.code() == "no_text", "{what}: {error:?}"),
        }
    }
}

#[cfg(unix)]
#[test]
fn a_program_that_always_fails_is_not_asked_for_every_page() {
    let folder = tempfile::tempdir().unwrap();
    let pages: Vec<MadePage> = (0..20).map(|_| MadePage::new().picture(0.0, 0.0, 612.0, 792.0)).collect();
    let error = read_with(fake(folder.path(), "exit 1"), "a.pdf", &pdf("t", &pages)).unwrap_err();
    assert_eq!(error.code(), "no_text");
    let runs = std::fs::read_to_string(folder.path().join("runs")).unwrap().lines().count();
    assert!((3..=5).contains(&runs), "{runs} runs");
}

#[cfg(target_os = "linux")]
#[test]
fn pages_that_were_only_slow_are_tried_again_with_more_time() {
    let folder = tempfile::tempdir().unwrap();
    let table = "level\\tpage_num\\tblock_num\\tpar_num\\tline_num\\tword_num\\tleft\\ttop\\twidth\\theight\\tconf\\ttext\\n";
    // In the middle of the page: at its edge it would be a running head.
    // The first four runs, which is one for each page, take far more time than they get.
    let what = format!(
        "/bin/cat > /dev/null\nif [ $(/usr/bin/wc -l < {}) -le 4 ]; then while :; do :; done; fi\nprintf '{table}5\\t1\\t1\\t1\\t1\\t1\\t900\\t1500\\t300\\t50\\t95\\tword\\n'",
        folder.path().join("runs").display()
    );
    let pages: Vec<MadePage> = (0..4).map(|_| MadePage::new().picture(0.0, 0.0, 612.0, 792.0)).collect();
    let recognition = Recognition { page_time: Duration::from_millis(300), ..fake(folder.path(), &what) };
    let document = read_with(recognition, "a.pdf", &pdf("t", &pages)).unwrap();
    assert_eq!(document.warnings.len(), 4);
    assert!(
        document.warnings.iter().all(|warning| matches!(warning, SourceWarning::PageRecognized { .. })),
        "{:?}",
        document.warnings
    );
}

#[cfg(unix)]
#[test]
fn only_as_many_pages_as_allowed_are_recognised() {
    let folder = tempfile::tempdir().unwrap();
    let pages: Vec<MadePage> = (0..4).map(|_| MadePage::new().picture(0.0, 0.0, 612.0, 792.0)).collect();
    let recognition = Recognition { max_pages: 2, ..fake(folder.path(), "/bin/cat > /dev/null; exit 1") };
    let error = read_with(recognition, "a.pdf", &pdf("t", &pages)).unwrap_err();
    assert_eq!(error.code(), "no_text");
    let runs = std::fs::read_to_string(folder.path().join("runs")).unwrap().lines().count();
    assert_eq!(runs, 2);
}

#[cfg(unix)]
#[test]
fn recognition_stops_soon_after_it_is_cancelled() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.png");
    std::fs::write(&path, fixture("stains.png")).unwrap();
    let slow = fake(folder.path(), "exec /bin/sleep 1000");
    let reader = reader(Recognition { page_time: Duration::from_secs(60), ..slow });
    let cancel = Cancel::new();
    let (outcome, waited) = std::thread::scope(|scope| {
        let work = scope.spawn(|| reader.extract(&path, &cancel, &mut |_, _| {}));
        let runs = folder.path().join("runs");
        while !runs.exists() && !work.is_finished() {
            std::thread::sleep(Duration::from_millis(10));
        }
        cancel.cancel();
        let cancelled = Instant::now();
        (work.join().unwrap(), cancelled.elapsed())
    });
    assert!(matches!(outcome, Err(ExtractError::Cancelled)), "{outcome:?}");
    assert!(waited < Duration::from_secs(10), "{waited:?}"); // usually 30 ms, if the machine is not busy
}
