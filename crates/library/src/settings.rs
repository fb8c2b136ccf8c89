//! Settings: one JSON value per key.

use crate::Library;
use crate::error::{LibraryError, Step};
use rusqlite::OptionalExtension;
use serde::Serialize;
use serde::de::DeserializeOwned;

impl Library {
    /// The setting `key`, or `None` if it was never set. A value of another shape is [`LibraryError::Json`].
    pub fn get_setting<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, LibraryError> {
        let step = "reading a setting";
        let text: Option<String> = self.read(step, |db| {
            db.query_row("SELECT value FROM setting WHERE key = ?1", [key], |row| row.get(0))
                .optional()
                .step(step)
        })?;
        text.map(|text| serde_json::from_str(&text).step(step)).transpose()
    }

    /// Sets `key`, replacing what was there.
    pub fn set_setting<T: Serialize + ?Sized>(&self, key: &str, value: &T) -> Result<(), LibraryError> {
        let step = "writing a setting";
        let text = serde_json::to_string(value).step(step)?;
        self.write(step, |tx| {
            let sql =
                "INSERT INTO setting VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
            tx.execute(sql, [key, &text]).step(step)?;
            Ok(())
        })
    }

    /// Forgets `key`; it need not exist.
    pub fn clear_setting(&self, key: &str) -> Result<(), LibraryError> {
        let step = "clearing a setting";
        self.write(step, |tx| {
            tx.execute("DELETE FROM setting WHERE key = ?1", [key]).step(step)?;
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::library;
    use serde::{Deserialize, Serialize};

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Window {
        width: u32,
        language: Option<String>,
    }

    #[test]
    fn settings_survive_a_restart() {
        let (folder, library) = library();
        let window = Window { width: 900, language: Some("简体中文".into()) };
        library.set_setting("window", &Window { width: 1, language: None }).unwrap();
        library.set_setting("window", &window).unwrap();
        assert_eq!(library.get_setting::<Window>("other").unwrap(), None);
        drop(library);
        let (library, _) = crate::Library::open(folder.path()).unwrap();
        assert_eq!(library.get_setting::<Window>("window").unwrap(), Some(window));
        library.clear_setting("window").unwrap();
        assert_eq!(library.get_setting::<Window>("window").unwrap(), None);
    }

    #[test]
    fn a_setting_of_another_shape_is_an_error_and_stays() {
        let (_folder, library) = library();
        library.set_setting("n", "text").unwrap();
        assert_eq!(library.get_setting::<u32>("n").unwrap_err().code(), "json");
        assert_eq!(library.get_setting::<String>("n").unwrap().as_deref(), Some("text"));
    }
}
