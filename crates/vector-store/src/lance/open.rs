//! Opening a table, also one that a power cut or a bad disk has damaged.
//!
//! A table is a series of versions, each described by a file (a manifest) that names data files.
//! Damage comes in two kinds: the newest description cannot be read, then the table does not open at
//! all; or it names data that cannot be read, then everything works until a search meets it. Against
//! the first the description is set aside and the one before it tried; against the second the newest
//! version whose data can be read is restored. What cannot be used is renamed, never deleted.

use super::{LanceConfig, OpenReport, disk, index, schema, verify};
use crate::{BoxError, StoreError, StoreStep};
use lance::Dataset;
use lance::session::Session;
use lancedb::database::listing::{OPT_NEW_TABLE_STORAGE_VERSION, OPT_NEW_TABLE_V2_MANIFEST_PATHS};
use lancedb::{Connection, Table};
use std::error::Error;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The file format of new tables. Pinned, so that an update of the engine does not make tables that
/// the version before it cannot read.
const FILE_FORMAT: &str = "2.1";
/// How many newer versions are given up before the table counts as beyond repair.
const MOST_STEPS_BACK: usize = 32;

/// The table, the folder it is in, and what was found.
pub(super) async fn open(config: &LanceConfig) -> Result<(Table, PathBuf, OpenReport), StoreError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if config.table.is_empty() || !config.table.chars().all(plain) {
        return Err(StoreError::TableName { name: config.table.clone() });
    }
    if config.read_only {
        return open_for_reading(config).await;
    }
    let home = disk::prepare(&config.folder)?;
    let connection = connect(config, &home).await?;
    let folder = home.join(format!("{}.lance", config.table));
    let exists = folder.try_exists().map_err(|source| StoreError::Folder { path: folder.clone(), source })?;

    let mut report = OpenReport::default();
    let kept = if exists { rescue(&connection, config, &folder, &mut report).await? } else { None };
    let table = match kept {
        Some(table) => table,
        None => {
            // What it has open would keep the folder in its place, or deleted bytes on the disk.
            drop(connection);
            if exists {
                let aside = disk::set_aside(&folder)?;
                tracing::error!(folder = %aside.display(), "the index was beyond repair and is set aside");
                report = OpenReport { replaced: true, ..OpenReport::default() };
            }
            report.created = !exists;
            create(&connect(config, &home).await?, config).await?
        }
    };
    index::ensure(&table, config.dimension).await?;
    if !report.rolled_back {
        report.version = table.version().await.map_err(|error| StoreError::engine(StoreStep::Open, error))?;
    }
    Ok((table, folder, report))
}

/// The table at its newest version, where nothing can be written: nothing is tried, set aside or mended,
/// and what is damaged fails when a search meets it.
async fn open_for_reading(config: &LanceConfig) -> Result<(Table, PathBuf, OpenReport), StoreError> {
    let failed = |reason: BoxError| StoreError::engine(StoreStep::Open, reason);
    let folder = disk::full_path(&config.folder)?;
    let connection = connect(config, &folder).await?;
    let folder = folder.join(format!("{}.lance", config.table));
    let Some((version, _)) = manifests(&folder)?.pop() else {
        return Err(failed("there is no index".into()));
    };
    let opened = tokio::spawn(open_at(connection, config.table.clone(), version)).await;
    let table = opened.map_err(|panic| failed(panic.into()))?.map_err(failed)?;
    let schema = table.schema().await.map_err(|error| StoreError::engine(StoreStep::Open, error))?;
    let found = schema::dimension_of(&schema)?;
    if found != config.dimension {
        return Err(StoreError::Dimension { expected: config.dimension, found });
    }
    Ok((table, folder, OpenReport { version, ..OpenReport::default() }))
}

async fn connect(config: &LanceConfig, folder: &Path) -> Result<Connection, StoreError> {
    let session = Session::new(config.caches.index_bytes, config.caches.metadata_bytes, disk::registry());
    lancedb::connect(&disk::address(folder)?)
        .session(Arc::new(session))
        .storage_option(OPT_NEW_TABLE_STORAGE_VERSION, FILE_FORMAT)
        .storage_option(OPT_NEW_TABLE_V2_MANIFEST_PATHS, "true")
        .execute()
        .await
        .map_err(|error| StoreError::engine(StoreStep::Connect, error))
}

async fn create(connection: &Connection, config: &LanceConfig) -> Result<Table, StoreError> {
    connection
        .create_empty_table(&config.table, schema::schema(config.dimension))
        .execute()
        .await
        .map_err(|error| StoreError::engine(StoreStep::Create, error))
}

/// The table at its newest sound version; `None` when there is none.
async fn rescue(
    connection: &Connection,
    config: &LanceConfig,
    folder: &Path,
    report: &mut OpenReport,
) -> Result<Option<Table>, StoreError> {
    let Some(table) = open_newest(connection, config, folder, report).await? else {
        return Ok(None);
    };
    let schema = table.schema().await.map_err(|error| StoreError::engine(StoreStep::Open, error))?;
    let found = schema::dimension_of(&schema)?;
    if found != config.dimension {
        return Err(StoreError::Dimension { expected: config.dimension, found });
    }

    let newest = dataset(&table).await?;
    let trusted = newest.version().version;
    let known = match config.durable_version {
        Some(version) if version == trusted => Some(newest.clone()),
        Some(version) if version < trusted => newest.checkout_version(version).await.ok().map(Arc::new),
        _ => None,
    };
    if let Err(reason) = verify::sound(newest.clone(), known.clone()).await {
        refuse_for_circumstance(StoreStep::Scan, reason.as_ref())?;
        tracing::warn!(version = trusted, %reason, "the newest version of the index is damaged");
        let Some(version) = roll_back(&table, &newest, folder).await? else { return Ok(None) };
        report.rolled_back = true;
        report.version = version;
    }
    if config.durable_version != Some(trusted) || report.rolled_back {
        report.reset_indexes = index::reset_unreadable(&table, config.dimension).await?;
    }
    Ok(Some(table))
}

async fn dataset(table: &Table) -> Result<Arc<Dataset>, StoreError> {
    let wrapper = table
        .dataset()
        .ok_or_else(|| StoreError::engine(StoreStep::Open, "the table is not a local one".to_owned()))?;
    wrapper.get().await.map_err(|error| StoreError::engine(StoreStep::Open, error))
}

/// Opens the table, setting descriptions aside that cannot be read, newest first.
async fn open_newest(
    connection: &Connection,
    config: &LanceConfig,
    folder: &Path,
    report: &mut OpenReport,
) -> Result<Option<Table>, StoreError> {
    for _ in 0..=MOST_STEPS_BACK {
        let mut manifests = manifests(folder)?;
        let Some((version, path)) = manifests.pop() else { return Ok(None) };
        // In a task of its own: the engine slices into a description before it has checked it.
        let opened = tokio::spawn(open_at(connection.clone(), config.table.clone(), version));
        let reason: BoxError = match opened.await {
            Ok(Ok(table)) => return Ok(Some(table)),
            Ok(Err(reason)) => {
                refuse_for_circumstance(StoreStep::Open, reason.as_ref())?;
                reason
            }
            Err(panic) => panic.into(),
        };
        if manifests.is_empty() {
            return Ok(None);
        }
        tracing::warn!(version, %reason, "a version of the index cannot be read and is set aside");
        let mut aside = path.clone().into_os_string();
        aside.push(".corrupt");
        std::fs::rename(&path, aside).map_err(|source| StoreError::Folder { path, source })?;
        report.quarantined_manifests += 1;
    }
    Ok(None)
}

/// Opens the table and looks whether what it describes is the version its name says, with our columns:
/// noise may happen to be readable as the description of an empty table.
async fn open_at(connection: Connection, name: String, version: u64) -> Result<Table, BoxError> {
    let table = connection.open_table(name).execute().await?;
    let described = table.version().await?;
    if described != version {
        return Err(format!("version {version} describes itself as {described}").into());
    }
    let schema = table.schema().await?;
    schema::dimension_of(&schema)?;
    Ok(table)
}

/// The descriptions of versions, oldest first. They are named by the version counted down from the
/// largest number, in twenty digits.
fn manifests(folder: &Path) -> Result<Vec<(u64, PathBuf)>, StoreError> {
    let versions = folder.join("_versions");
    let entries = match std::fs::read_dir(&versions) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(StoreError::Folder { path: versions, source }),
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(|source| StoreError::Folder { path: versions.clone(), source })?.path();
        if let Some(version) = version_of(&path) {
            found.push((version, path));
        }
    }
    found.sort_unstable();
    Ok(found)
}

fn version_of(path: &Path) -> Option<u64> {
    let digits = path.file_name()?.to_str()?.strip_suffix(".manifest")?;
    if digits.len() != 20 {
        return None;
    }
    digits.parse::<u64>().ok().map(|counted_down| u64::MAX - counted_down)
}

/// Restores the newest version before `newest` that can be read in full, and returns it.
async fn roll_back(table: &Table, newest: &Dataset, folder: &Path) -> Result<Option<u64>, StoreError> {
    let failed = |error| StoreError::engine(StoreStep::Restore, error);
    let current = newest.version().version;
    let earlier = manifests(folder)?.into_iter().rev().map(|(version, _)| version);
    for version in earlier.filter(|version| *version < current).take(MOST_STEPS_BACK) {
        let Ok(candidate) = newest.checkout_version(version).await else { continue };
        if verify::sound(Arc::new(candidate), None).await.is_err() {
            continue;
        }
        table.checkout(version).await.map_err(failed)?;
        table.restore().await.map_err(failed)?;
        tracing::warn!(from = current, to = version, "the index went back to an earlier version");
        return Ok(Some(version));
    }
    Ok(None)
}

/// Lets through what may be damage. A missing permission, a full disk or a table of a later program
/// is no damage: nothing must be set aside for it.
fn refuse_for_circumstance(step: StoreStep, error: &(dyn Error + 'static)) -> Result<(), StoreError> {
    let mut cause = Some(error);
    while let Some(it) = cause {
        if let Some(lance::Error::NotSupported { .. }) = it.downcast_ref::<lance::Error>() {
            return Err(StoreError::TooNew { reason: error.to_string() });
        }
        if let Some(io) = it.downcast_ref::<std::io::Error>()
            && is_circumstance(io)
        {
            return Err(StoreError::engine(step, std::io::Error::new(io.kind(), error.to_string())));
        }
        cause = it.source();
    }
    Ok(())
}

fn is_circumstance(error: &std::io::Error) -> bool {
    let kind = matches!(
        error.kind(),
        ErrorKind::PermissionDenied
            | ErrorKind::StorageFull
            | ErrorKind::QuotaExceeded
            | ErrorKind::ReadOnlyFilesystem
            | ErrorKind::OutOfMemory
            | ErrorKind::ResourceBusy
            | ErrorKind::TimedOut
            | ErrorKind::Interrupted
    );
    // Too many open files, in the process and in the system.
    kind || (cfg!(unix) && matches!(error.raw_os_error(), Some(23 | 24)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_names() {
        let name = |version: u64| PathBuf::from(format!("{:020}.manifest", u64::MAX - version));
        assert_eq!(version_of(&name(1)), Some(1));
        assert_eq!(version_of(&name(77)), Some(77));
        assert_eq!(version_of(Path::new("18446744073709551614.manifest.corrupt")), None);
        assert_eq!(version_of(Path::new("d18446744073709551614.manifest")), None);
        assert_eq!(version_of(Path::new("latest_version_hint.json")), None);
    }

    #[test]
    fn circumstances_are_told_from_damage() {
        let refused = |kind| {
            let error = lance::Error::io_source(Box::new(std::io::Error::from(kind)));
            refuse_for_circumstance(StoreStep::Open, &error).map_err(|error| error.code())
        };
        assert_eq!(refused(ErrorKind::UnexpectedEof), Ok(()));
        assert_eq!(refused(ErrorKind::NotFound), Ok(()));
        assert_eq!(refused(ErrorKind::PermissionDenied), Err("store_failed"));
        assert_eq!(refused(ErrorKind::StorageFull), Err("disk_full"));
        let newer = lance::Error::not_supported("a feature of a later release");
        let refused = refuse_for_circumstance(StoreStep::Open, &newer).unwrap_err();
        assert_eq!(refused.code(), "store_too_new");
    }
}
