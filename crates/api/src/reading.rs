//! What reads documents: the extractor with its settings, and the program that recognises text.

use crate::places::Places;
use crate::wire::{ApiError, Language, RecognitionStatus, Settings};
use docent_extract::{
    Extract, Extractor, Limits, Recognition, RecognizerStatus, WorkerConfig, find_recognizer,
};
use docent_library::Library;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{SystemTime, UNIX_EPOCH};

/// Documents read at the same time by a run. Each is a process of its own.
const READERS: usize = 2;
/// Name of the setting that says what could be recognised at the last start.
const RECOGNISED_WITH: &str = "recognition.with";

/// The extractor in use; replaced when settings change. Cheap to clone.
#[derive(Clone)]
pub(crate) struct SharedExtract(Arc<RwLock<Arc<dyn Extract>>>);

impl SharedExtract {
    /// The extractor that `settings` ask for. What could not be read for want of recognition waits
    /// again once there is more of it.
    pub(crate) async fn open(
        places: &Places,
        settings: &Settings,
        library: &Arc<Library>,
    ) -> Result<Self, ApiError> {
        Ok(Self(Arc::new(RwLock::new(extractor(places, settings, library).await?))))
    }

    /// Replaces it by one with these settings.
    pub(crate) async fn reopen(
        &self,
        places: &Places,
        settings: &Settings,
        library: &Arc<Library>,
    ) -> Result<(), ApiError> {
        let next = extractor(places, settings, library).await?;
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = next;
        Ok(())
    }

    pub(crate) fn get(&self) -> Arc<dyn Extract> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn extractor(
    places: &Places,
    settings: &Settings,
    library: &Arc<Library>,
) -> Result<Arc<dyn Extract>, ApiError> {
    let (places, settings, library) = (places.clone(), settings.clone(), Arc::clone(library));
    tokio::task::spawn_blocking(move || {
        let recognition = recognition(&places, &settings);
        let with = recognition.program.as_ref().map(|_| recognition.languages.join("+")).unwrap_or_default();
        let before: String = library.get_setting(RECOGNISED_WITH)?.unwrap_or_default();
        if !with.is_empty() && with != before {
            library.queue_for_recognition(now_ms())?;
        }
        if with != before {
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

fn recognition(places: &Places, settings: &Settings) -> Recognition {
    if !settings.recognition {
        return Recognition::default();
    }
    match find(places) {
        RecognizerStatus::Ready { program, languages, .. } => Recognition {
            program: Some(program),
            languages: chosen(settings, &languages),
            ..Recognition::default()
        },
        _ => Recognition::default(),
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
    let none = RecognitionStatus { program: None, version: None, languages: Vec::new(), install: None };
    match find(places) {
        RecognizerStatus::Ready { program, version, languages } => RecognitionStatus {
            program: Some(program.to_string_lossy().into_owned()),
            version: Some(version),
            languages,
            install: None,
        },
        RecognizerStatus::Missing { install } => RecognitionStatus { install: Some(install), ..none },
        RecognizerStatus::Unusable { program, reason } => RecognitionStatus {
            program: Some(program.to_string_lossy().into_owned()),
            install: Some(reason),
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
mod tests {
    use super::*;

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
