//! What reads documents: the extractor with its settings, and the program that recognises text.
//!
//! Asking that program what it can do takes a start of it, which costs more than the rest of docent's own
//! start. So what it said last is remembered and believed, and it is asked again in the background.

use crate::places::Places;
use crate::wire::{ApiError, Language, RecognitionStatus, Settings};
use docent_corpus::{Cancel, DocumentText};
use docent_extract::{
    Extract, ExtractError, Extractor, Limits, PageImage, Recognition, RecognizerStatus, WorkerConfig,
    find_recognizer,
};
use docent_library::Library;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Documents read at the same time by a run. Each is a process of its own.
const READERS: usize = 2;
/// Whoever waits for the program to answer looks this often whether that is still wanted.
const LOOK: Duration = Duration::from_millis(50);
/// Name of the setting that says what could be recognised at the last start.
const RECOGNISED_WITH: &str = "recognition.with";
/// Name of the setting that remembers the program.
const INSTALLED: &str = "recognition.installed";

/// The extractor in use; replaced when settings change. Cheap to clone. Whoever reads with it reads with
/// the one that is in use at that moment.
#[derive(Clone)]
pub(crate) struct SharedExtract(Arc<RwLock<Arc<dyn Extract>>>);

impl SharedExtract {
    /// The extractor that `settings` ask for, with what is remembered of the program that recognises
    /// text. What could not be read for want of recognition waits again once there is more of it.
    pub(crate) async fn open(
        places: &Places,
        settings: &Settings,
        library: &Arc<Library>,
    ) -> Result<Self, ApiError> {
        let extractor = extractor(places, settings, library, remembered_or_asked).await?;
        Ok(Self(Arc::new(RwLock::new(extractor))))
    }

    /// Replaces it by one with these settings, and asks the program again.
    pub(crate) async fn reopen(
        &self,
        places: &Places,
        settings: &Settings,
        library: &Arc<Library>,
    ) -> Result<(), ApiError> {
        self.replace(extractor(places, settings, library, asked).await?);
        Ok(())
    }

    /// As [`SharedExtract::reopen`], with what the program said last, which [`has_changed`] has just heard.
    pub(crate) async fn reopen_as_remembered(
        &self,
        places: &Places,
        settings: &Settings,
        library: &Arc<Library>,
    ) -> Result<(), ApiError> {
        self.replace(extractor(places, settings, library, remembered_or_asked).await?);
        Ok(())
    }

    fn replace(&self, next: Arc<dyn Extract>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = next;
    }

    pub(crate) fn get(&self) -> Arc<dyn Extract> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Extract for SharedExtract {
    fn extract(
        &self,
        path: &Path,
        cancel: &Cancel,
        on_page: &mut dyn FnMut(u32, Option<u32>),
    ) -> Result<DocumentText, ExtractError> {
        self.get().extract(path, cancel, on_page)
    }

    fn render_page(
        &self,
        path: &Path,
        page: u32,
        width_px: u32,
        cancel: &Cancel,
    ) -> Result<PageImage, ExtractError> {
        self.get().render_page(path, page, width_px, cancel)
    }

    fn version(&self) -> &'static str {
        self.get().version()
    }
}

/// Asks the program again. Gives whether it says something else than what is remembered, which then is
/// what it says now. Does not wait for its answer once `cancel` is tripped, and does not heed it then.
///
/// # Errors
/// `cancelled`, and those of the library.
pub(crate) async fn has_changed(
    places: &Places,
    settings: &Settings,
    library: &Arc<Library>,
    cancel: &Cancel,
) -> Result<bool, ApiError> {
    if !settings.recognition {
        return Ok(false);
    }
    let (places, library) = (places.clone(), Arc::clone(library));
    let mut asking = tokio::task::spawn_blocking({
        // Without the library: the program may take longer than the library is open.
        let places = places.clone();
        move || found(&places)
    });
    let now = loop {
        let answer = tokio::time::timeout(LOOK, &mut asking).await;
        cancel.check()?;
        if let Ok(answer) = answer {
            break answer?;
        }
    };
    tokio::task::spawn_blocking(move || {
        let before = remembered(&places, &library);
        remember(&library, &now)?;
        Ok(now != before)
    })
    .await?
}

/// The program that recognises text, as it was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Installed {
    /// Where it was said to be, if that was said.
    given: Option<PathBuf>,
    program: PathBuf,
    languages: Vec<String>,
}

type Look = fn(&Places, &Library) -> Result<Option<Installed>, ApiError>;

/// What is remembered of the program, if it is still there.
fn remembered(places: &Places, library: &Library) -> Option<Installed> {
    // What cannot be read was written by another docent, and the program is asked.
    let known = library.get_setting::<Option<Installed>>(INSTALLED).ok().flatten().flatten()?;
    (known.given == places.recognizer && known.program.is_file()).then_some(known)
}

fn remembered_or_asked(places: &Places, library: &Library) -> Result<Option<Installed>, ApiError> {
    match remembered(places, library) {
        Some(known) => Ok(Some(known)),
        None => asked(places, library),
    }
}

/// What the program says now, which is remembered.
fn asked(places: &Places, library: &Library) -> Result<Option<Installed>, ApiError> {
    let now = found(places);
    remember(library, &now)?;
    Ok(now)
}

/// What the program says now.
fn found(places: &Places) -> Option<Installed> {
    match find(places) {
        RecognizerStatus::Ready { program, languages, .. } => {
            Some(Installed { given: places.recognizer.clone(), program, languages })
        }
        _ => None,
    }
}

fn remember(library: &Library, now: &Option<Installed>) -> Result<(), ApiError> {
    let known = library.get_setting::<Option<Installed>>(INSTALLED).ok().flatten().flatten();
    // A path that is not Unicode cannot be remembered; then it is looked for at each start.
    let can_be_kept =
        library.sealed().is_none() && now.as_ref().is_none_or(|now| now.program.to_str().is_some());
    if known != *now && can_be_kept {
        library.set_setting(INSTALLED, now)?;
    }
    Ok(())
}

async fn extractor(
    places: &Places,
    settings: &Settings,
    library: &Arc<Library>,
    look: Look,
) -> Result<Arc<dyn Extract>, ApiError> {
    let (places, settings, library) = (places.clone(), settings.clone(), Arc::clone(library));
    tokio::task::spawn_blocking(move || {
        let installed = if settings.recognition { look(&places, &library)? } else { None };
        let recognition = recognition(&settings, installed);
        let with = recognition.program.as_ref().map(|_| recognition.languages.join("+")).unwrap_or_default();
        let before: String = library.get_setting(RECOGNISED_WITH)?.unwrap_or_default();
        let differs = with != before && library.sealed().is_none();
        if differs && !with.is_empty() {
            library.queue_for_recognition(now_ms())?;
        }
        if differs {
            library.set_setting(RECOGNISED_WITH, &with)?;
        }
        let pdfium = places.resources.pdfium.is_file().then(|| places.resources.pdfium.clone());
        let extractor = Extractor::new(WorkerConfig {
            worker: places.resources.worker.clone(),
            pdfium,
            limits: Limits::default(),
            // One more than a run uses, so that a small change never waits for a large file.
            workers: READERS + 1,
            recognition,
        });
        Ok(Arc::new(extractor) as Arc<dyn Extract>)
    })
    .await?
}

fn recognition(settings: &Settings, installed: Option<Installed>) -> Recognition {
    match installed {
        Some(Installed { program, languages, .. }) => Recognition {
            program: Some(program),
            languages: chosen(settings, &languages),
            ..Recognition::default()
        },
        None => Recognition::default(),
    }
}

/// The languages to expect: those chosen, else that of the window first, English, and simplified
/// Chinese; of these the installed ones.
fn chosen(settings: &Settings, installed: &[String]) -> Vec<String> {
    let usual: &[&str] = match settings.language {
        Language::SimplifiedChinese => &["chi_sim", "eng"],
        _ => &["eng", "chi_sim"],
    };
    let wanted: Vec<String> = if settings.recognition_languages.is_empty() {
        usual.iter().map(|language| (*language).to_owned()).collect()
    } else {
        settings.recognition_languages.clone()
    };
    wanted.into_iter().filter(|language| installed.contains(language)).collect()
}

fn find(places: &Places) -> RecognizerStatus {
    find_recognizer(places.recognizer.as_deref(), places.search_path.as_deref())
}

/// What is known of the program that recognises text. Starts it for a moment.
pub(crate) fn recognition_status(places: &Places) -> RecognitionStatus {
    let none = RecognitionStatus {
        program: None,
        version: None,
        languages: Vec::new(),
        install: None,
        problem: None,
    };
    match find(places) {
        RecognizerStatus::Ready { program, version, languages } => RecognitionStatus {
            program: Some(program.to_string_lossy().into_owned()),
            version: Some(version),
            languages,
            ..none
        },
        RecognizerStatus::Missing { install } => RecognitionStatus { install: Some(install), ..none },
        RecognizerStatus::Unusable { program, reason } => RecognitionStatus {
            program: Some(program.to_string_lossy().into_owned()),
            problem: Some(reason),
            ..none
        },
        _ => none,
    }
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    #[cfg(unix)]
    use crate::{Api, SilentHost};

    fn places(data: &Path, recognizer: &Path) -> Places {
        Places { recognizer: Some(recognizer.to_owned()), ..Places::from_environment(Some(data.to_owned())) }
    }

    /// A program that answers as Tesseract does, and writes down each start.
    #[cfg(unix)]
    fn program(path: &Path, languages: &str) {
        use std::os::unix::fs::PermissionsExt;
        let starts = path.with_extension("starts");
        let text = format!(
            "#!/bin/sh\necho \"$1\" >> '{}'\ncase \"$1\" in\n  --version) echo 'tesseract 5.3.0';;\n  \
             --list-langs) echo 'List:'; printf '{languages}';;\nesac\n",
            starts.display()
        );
        std::fs::write(path, text).unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// A program that is there and does not work.
    #[cfg(unix)]
    pub(crate) fn broken(path: &Path) {
        use std::os::unix::fs::PermissionsExt;
        std::fs::write(path, "#!/bin/sh\necho 'no such library' >&2\nexit 127\n").unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    #[cfg(unix)]
    fn starts(path: &Path) -> usize {
        std::fs::read_to_string(path.with_extension("starts")).map_or(0, |text| text.lines().count())
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn the_program_that_recognises_text_is_asked_once_and_then_remembered() {
        let folder = tempfile::tempdir().unwrap();
        let (library, _) = Library::open(&folder.path().join("library")).unwrap();
        let (library, settings) = (Arc::new(library), Settings::default());
        let tesseract = folder.path().join("tesseract");
        program(&tesseract, "eng\\n");
        let places = places(&folder.path().join("library"), &tesseract);
        SharedExtract::open(&places, &settings, &library).await.unwrap();
        let asked = starts(&tesseract);
        assert!(asked > 0);
        SharedExtract::open(&places, &settings, &library).await.unwrap();
        assert_eq!(starts(&tesseract), asked, "a later start does not start it");
        assert!(!has_changed(&places, &settings, &library, &Cancel::new()).await.unwrap());
        assert!(starts(&tesseract) > asked);
        program(&tesseract, "eng\\nchi_sim\\n");
        assert!(has_changed(&places, &settings, &library, &Cancel::new()).await.unwrap());
        assert!(
            !has_changed(&places, &settings, &library, &Cancel::new()).await.unwrap(),
            "it is remembered as it is now"
        );
        std::fs::remove_file(&tesseract).unwrap();
        assert_eq!(remembered(&places, &library), None, "a program that is gone is not believed in");
        assert!(!has_changed(&places, &settings, &library, &Cancel::new()).await.unwrap());
    }

    #[cfg(unix)]
    #[tokio::test(flavor = "multi_thread")]
    async fn what_the_program_says_after_the_library_was_closed_is_not_heard() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(name);
        let tesseract = file("tesseract");
        program(&tesseract, "eng\\n");
        let mut places = places(&file("library"), &tesseract);
        places.models = file("models");
        places.network.offline = true;
        let api = Api::open(places.clone(), Arc::new(SilentHost)).await.unwrap();
        let before = remembered(&places, api.shared_library());
        assert!(before.is_some());

        // From now on it knows more, and takes its time.
        program(&tesseract, "eng\\nchi_sim\\n");
        let [asked, go_on, answered] = ["asked", "go-on", "answered"].map(file);
        let script = std::fs::read_to_string(&tesseract).unwrap().replacen(
            "#!/bin/sh\n",
            &format!(
                "#!/bin/sh\ntouch '{}'\nwhile [ -d '{}' ] && [ ! -e '{}' ]; do sleep 0.05; done\n\
                 [ \"$1\" = --list-langs ] && touch '{}'\n",
                asked.display(),
                folder.path().display(),
                go_on.display(),
                answered.display()
            ),
            1,
        );
        std::fs::write(&tesseract, script).unwrap();
        let looking = tokio::spawn({
            let own = api.clone();
            async move { own.look_for_recognition().await }
        });
        let until = async |path: &Path| {
            let seen = async {
                while !path.exists() {
                    tokio::time::sleep(LOOK).await;
                }
            };
            tokio::time::timeout(Duration::from_secs(60), seen).await.unwrap();
        };
        until(&asked).await;
        api.close().await;
        drop(api);
        looking.await.unwrap().unwrap();

        // Nobody holds the library any more, and nobody waits for what the program will say.
        let (library, opened) = Library::open(&file("library")).unwrap();
        assert!(opened.clean_shutdown);
        assert!(!answered.exists());
        std::fs::write(&go_on, "").unwrap();
        assert_eq!(remembered(&places, &library), before);
    }

    #[cfg(unix)]
    #[test]
    fn what_to_run_and_what_is_wrong_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let tesseract = folder.path().join("tesseract");
        let places = places(folder.path(), &tesseract);
        let missing = recognition_status(&places);
        assert!(missing.program.is_none() && missing.install.is_some());
        assert_eq!(missing.problem, None);
        broken(&tesseract);
        let unusable = recognition_status(&places);
        assert_eq!(unusable.program.as_deref(), tesseract.to_str());
        assert_eq!((unusable.version, unusable.install), (None, None), "a reason is nothing to run");
        assert!(!unusable.problem.unwrap().is_empty());
        program(&tesseract, "eng\\n");
        let ready = recognition_status(&places);
        assert_eq!(ready.version.as_deref(), Some("5.3.0"));
        assert_eq!((ready.install, ready.problem), (None, None));
    }

    #[test]
    fn the_windows_language_comes_first_and_only_what_is_installed_counts() {
        let installed = ["eng", "chi_sim", "deu"].map(str::to_owned);
        let english = Settings::default();
        assert_eq!(chosen(&english, &installed), ["eng", "chi_sim"]);
        let chinese = Settings { language: Language::SimplifiedChinese, ..Settings::default() };
        assert_eq!(chosen(&chinese, &installed), ["chi_sim", "eng"]);
        let own = Settings { recognition_languages: vec!["deu".into(), "jpn".into()], ..Settings::default() };
        assert_eq!(chosen(&own, &installed), ["deu"]);
    }
}
