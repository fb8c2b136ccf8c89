//! The one window: where it may go (nowhere) and what it may open (nothing).

use tauri::webview::NewWindowResponse;
use tauri::{AppHandle, Manager, Url, WebviewUrl, WebviewWindowBuilder};

const LABEL: &str = "main";
/// Set by whoever drives the window through WebDriver; the toolkit reads it too.
const AUTOMATION: &str = "TAURI_WEBVIEW_AUTOMATION";

/// Opens the window on the built-in UI.
pub(crate) fn open(app: &tauri::App) -> tauri::Result<()> {
    WebviewWindowBuilder::new(app, LABEL, WebviewUrl::App("index.html".into()))
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
        .build()
        .map(drop)
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
