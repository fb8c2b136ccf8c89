//! The one window: where it may go (nowhere), what it may open (nothing), and when it goes.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tauri::webview::NewWindowResponse;
use tauri::{
    AppHandle, Emitter, Listener, Manager, Url, WebviewUrl, WebviewWindow, WebviewWindowBuilder, WindowEvent,
};

const LABEL: &str = "main";
/// Set by whoever drives the window through WebDriver; the toolkit reads it too.
const AUTOMATION: &str = "TAURI_WEBVIEW_AUTOMATION";
/// Told to the page: the window is to close; save what is not saved, then answer.
const CLOSING: &str = "docent://closing";
/// The page's answer: `close` now, `wait` while it asks the person, `stay` open.
const ANSWER: &str = "docent://close";
/// How long a page that says nothing is waited for.
const PATIENCE: Duration = Duration::from_secs(3);
/// The presses of a double click are one wish.
const DOUBLE_CLICK: Duration = Duration::from_millis(500);

/// Opens the window on the built-in UI.
pub(crate) fn open(app: &tauri::App) -> tauri::Result<()> {
    let window = WebviewWindowBuilder::new(app, LABEL, WebviewUrl::App("index.html".into()))
        .title("docent")
        .inner_size(1280.0, 820.0)
        .min_inner_size(640.0, 480.0)
        // No page but our own, ever: a link or script cannot take the window elsewhere.
        .on_navigation(is_own_page)
        .on_new_window(|_, _| NewWindowResponse::Deny)
        .on_download(|_, _| false)
        // Nothing of the documents stays in a browser cache. A driver cannot steer such a window
        // (wry gives an ephemeral context no automation), so tests do without.
        .incognito(std::env::var_os(AUTOMATION).is_none())
        .devtools(cfg!(feature = "devtools"))
        .build()?;
    save_before_closing(app.handle(), &window);
    Ok(())
}

/// The last words of a note may still be in the page alone: it saves them before the window goes.
fn save_before_closing(app: &AppHandle, window: &WebviewWindow) {
    let closing = Arc::new(Closing::default());
    let (handle, asked) = (app.clone(), Arc::clone(&closing));
    window.on_window_event(move |event| {
        let WindowEvent::CloseRequested { api, .. } = event else { return };
        let now = Instant::now();
        match asked.request(now) {
            Request::Close => {}
            Request::Wait => api.prevent_close(),
            Request::Ask => {
                if let Err(error) = handle.emit(CLOSING, ()) {
                    tracing::warn!(%error, "the page was not told that the window closes");
                    return;
                }
                api.prevent_close();
                let (handle, asked) = (handle.clone(), Arc::clone(&asked));
                std::thread::spawn(move || {
                    std::thread::sleep(PATIENCE);
                    if asked.is_unanswered(now) {
                        tracing::warn!("the page did not answer; the window closes");
                        destroy(&handle);
                    }
                });
            }
        }
    });
    let handle = app.clone();
    // The payload is JSON, here always a word.
    app.listen(ANSWER, move |event| match event.payload().trim_matches('"') {
        "close" if closing.is_asked() => destroy(&handle),
        "wait" => {
            closing.wait();
            // The question is to be seen, also if the window was closed from a task bar.
            show(&handle);
        }
        "stay" => closing.stay(),
        other => tracing::warn!(other, "not an answer to closing"),
    });
}

/// Closes the window as its button does: the page is asked first.
pub(crate) fn close(app: &AppHandle) {
    let Some(window) = app.get_webview_window(LABEL) else {
        // Nothing that could be lost is open yet, or any more.
        app.exit(0);
        return;
    };
    if let Err(error) = window.close() {
        tracing::warn!(%error, "the window did not close");
    }
}

/// Closes the window without asking again; with it the program ends.
fn destroy(app: &AppHandle) {
    if let Some(window) = app.get_webview_window(LABEL)
        && let Err(error) = window.destroy()
    {
        tracing::warn!(%error, "the window did not close");
    }
}

/// How far closing is: since when the page has been asked, if it has.
#[derive(Default)]
struct Closing(Mutex<Option<Asked>>);

struct Asked {
    since: Instant,
    /// The page asks the person; that takes as long as it takes.
    waits: bool,
}

/// What to do with a wish to close.
#[derive(Debug, PartialEq, Eq)]
enum Request {
    /// Ask the page.
    Ask,
    /// Nothing: it was asked just now.
    Wait,
    /// Let it close: this is the second wish.
    Close,
}

impl Closing {
    fn lock(&self) -> MutexGuard<'_, Option<Asked>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn request(&self, now: Instant) -> Request {
        let mut asked = self.lock();
        match &*asked {
            None => {
                *asked = Some(Asked { since: now, waits: false });
                Request::Ask
            }
            Some(asked) if now.duration_since(asked.since) < DOUBLE_CLICK => Request::Wait,
            Some(_) => Request::Close,
        }
    }

    fn wait(&self) {
        if let Some(asked) = &mut *self.lock() {
            asked.waits = true;
        }
    }

    fn stay(&self) {
        *self.lock() = None;
    }

    fn is_asked(&self) -> bool {
        self.lock().is_some()
    }

    /// Whether what was asked at `since` has had no answer.
    fn is_unanswered(&self, since: Instant) -> bool {
        self.lock().as_ref().is_some_and(|asked| asked.since == since && !asked.waits)
    }
}

/// Brings the window to the front.
pub(crate) fn show(app: &AppHandle) {
    if let Some(window) = app.get_webview_window(LABEL) {
        // Best effort: a window system may refuse to raise a window.
        let _ = window.unminimize();
        let _ = window.set_focus();
    }
}

fn is_own_page(url: &Url) -> bool {
    url.scheme() == "tauri" || matches!(url.host_str(), Some("tauri.localhost"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_asks_the_page_once_and_the_second_wish_is_final() {
        let (closing, first) = (Closing::default(), Instant::now());
        assert_eq!(closing.request(first), Request::Ask);
        assert_eq!(closing.request(first + DOUBLE_CLICK / 2), Request::Wait);
        assert!(closing.is_asked() && closing.is_unanswered(first));
        assert_eq!(closing.request(first + DOUBLE_CLICK), Request::Close);
    }

    #[test]
    fn a_page_that_asks_the_person_is_waited_for_and_one_that_stays_is_asked_again() {
        let (closing, first) = (Closing::default(), Instant::now());
        closing.wait();
        assert!(!closing.is_asked(), "nobody asked");
        assert_eq!(closing.request(first), Request::Ask);
        closing.wait();
        assert!(!closing.is_unanswered(first) && closing.is_asked());
        closing.stay();
        assert!(!closing.is_asked());
        let second = first + PATIENCE;
        assert_eq!(closing.request(second), Request::Ask);
        assert!(!closing.is_unanswered(first), "the first wish's patience does not end the second");
        assert!(closing.is_unanswered(second));
    }

    #[test]
    fn only_own_pages_are_shown() {
        for own in ["tauri://localhost/index.html", "http://tauri.localhost/"] {
            assert!(is_own_page(&own.parse().unwrap()), "{own}");
        }
        for foreign in ["https://example.org/", "http://localhost/", "file:///etc/passwd", "data:text/html,x"]
        {
            assert!(!is_own_page(&foreign.parse().unwrap()), "{foreign}");
        }
    }
}
