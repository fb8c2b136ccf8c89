//! The menu of a Mac. The usual one's Quit ends the program without a word to the window, which then
//! cannot save what it alone has, nor ask about a backup that is being written.

use crate::window;
use tauri::menu::{Menu, MenuEvent, MenuItem};
use tauri::{AppHandle, Wry};

const QUIT: &str = "quit";

/// The usual menu with a Quit that closes the window as its button does. Quit in the Dock still ends the
/// program at once: the toolkit does not pass that question on.
pub(crate) fn with_own_quit(app: &AppHandle) -> tauri::Result<Menu<Wry>> {
    let menu = Menu::default(app)?;
    let items = menu.items()?;
    // The first menu is the program's own, and Quit is the last in it.
    if let Some(own) = items.first().and_then(|item| item.as_submenu())
        && let Some(last) = own.items()?.len().checked_sub(1)
    {
        own.remove_at(last)?;
        own.append(&MenuItem::with_id(app, QUIT, "Quit docent", true, Some("CmdOrCtrl+Q"))?)?;
    }
    Ok(menu)
}

/// Does what was chosen in the menu.
pub(crate) fn chosen(app: &AppHandle, event: MenuEvent) {
    if event.id() == QUIT {
        window::close(app);
    }
}
