//! Files as the engine reads and writes them. What it writes has reached the disk when it is told so.
//! Its data and index files never change once they are written: they are opened once, and a read that
//! the system answers from memory is done in place. A search reads some hundred values of eight bytes to
//! two kilobytes; with opening, closing and two changes of thread for each they took nine tenths of it.

use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions, Result,
};
use std::collections::HashMap;
use std::fs::File;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Files kept open at most; a table of a million rows has some twenty.
const MOST_OPEN: usize = 128;
/// Up to how many bytes a read is tried in place.
const IN_PLACE: u64 = 1 << 20;
/// Endings of files that never change: data, and indexes.
const UNCHANGING: [&str; 2] = ["lance", "idx"];

/// Local files, synced with their folder before a write returns, and kept open between reads.
#[derive(Debug)]
pub(super) struct DurableFiles {
    disk: LocalFileSystem,
    open: Arc<Mutex<OpenFiles>>,
}

impl DurableFiles {
    pub(super) fn new() -> Self {
        Self { disk: LocalFileSystem::new().with_fsync(true), open: Arc::default() }
    }

    fn open(&self) -> MutexGuard<'_, OpenFiles> {
        lock(&self.open)
    }

    /// The file at a place, opened before or now; `None` if the store gives something else than a file.
    async fn opened(&self, location: &Path) -> Result<Option<OpenFile>> {
        if let Some(file) = self.open().get(location) {
            return Ok(Some(file));
        }
        let found = self.disk.get_opts(location, GetOptions::default()).await?;
        let GetResultPayload::File(file, _) = found.payload else { return Ok(None) };
        let file = OpenFile { file: Arc::new(file), meta: found.meta };
        self.open().keep(location.clone(), file.clone());
        Ok(Some(file))
    }
}

impl std::fmt::Display for DurableFiles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Durable{}", self.disk)
    }
}

/// A file that is open, and what it was when it was opened.
#[derive(Clone, Debug)]
struct OpenFile {
    file: Arc<File>,
    meta: ObjectMeta,
}

/// The files used last.
#[derive(Debug, Default)]
struct OpenFiles {
    files: HashMap<Path, (OpenFile, u64)>,
    uses: u64,
}

impl OpenFiles {
    fn get(&mut self, location: &Path) -> Option<OpenFile> {
        self.uses += 1;
        let (file, used) = self.files.get_mut(location)?;
        *used = self.uses;
        Some(file.clone())
    }

    fn keep(&mut self, location: Path, file: OpenFile) {
        if self.files.len() >= MOST_OPEN {
            let oldest = self.files.iter().min_by_key(|(_, (_, used))| *used).map(|(path, _)| path.clone());
            oldest.into_iter().for_each(|path| self.close(&path));
        }
        self.uses += 1;
        self.files.insert(location, (file, self.uses));
    }

    /// What is deleted or replaced must not stay open: it would keep its place on the disk.
    fn close(&mut self, location: &Path) {
        self.files.remove(location);
    }
}

fn lock(open: &Mutex<OpenFiles>) -> MutexGuard<'_, OpenFiles> {
    // Whoever panicked left at worst a file that will be opened again.
    open.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether a request asks for a part of an unchanging file, and nothing else.
fn plain_part(location: &Path, options: &GetOptions) -> bool {
    let unchanging = location.extension().is_some_and(|ending| UNCHANGING.contains(&ending));
    let conditions = options.if_match.is_some()
        || options.if_none_match.is_some()
        || options.if_modified_since.is_some()
        || options.if_unmodified_since.is_some();
    unchanging && options.range.is_some() && options.version.is_none() && !options.head && !conditions
}

/// The bytes of a range: at once if the system has them in memory, else on a thread that may wait.
async fn read(file: &Arc<File>, range: Range<u64>) -> std::io::Result<Vec<u8>> {
    let length = range.end - range.start;
    if length <= IN_PLACE
        && let Some(bytes) = read_from_memory(file, &range)
    {
        return Ok(bytes);
    }
    let file = Arc::clone(file);
    let waiting = tokio::task::spawn_blocking(move || read_waiting(&file, &range));
    waiting.await.map_err(std::io::Error::other)?
}

/// What the system has in memory, if it has the whole range.
#[cfg(target_os = "linux")]
fn read_from_memory(file: &File, range: &Range<u64>) -> Option<Vec<u8>> {
    use rustix::io::{ReadWriteFlags, preadv2};
    let mut bytes = vec![0; usize::try_from(range.end - range.start).ok()?];
    let mut parts = [std::io::IoSliceMut::new(&mut bytes)];
    let read = preadv2(file, &mut parts, range.start, ReadWriteFlags::NOWAIT).ok()?;
    (read == bytes.len()).then_some(bytes)
}

/// Other systems do not tell.
#[cfg(not(target_os = "linux"))]
fn read_from_memory(_file: &File, _range: &Range<u64>) -> Option<Vec<u8>> {
    None
}

#[cfg(unix)]
fn read_waiting(file: &File, range: &Range<u64>) -> std::io::Result<Vec<u8>> {
    use std::os::unix::fs::FileExt;
    let mut bytes = vec![0; usize::try_from(range.end - range.start).map_err(std::io::Error::other)?];
    file.read_exact_at(&mut bytes, range.start)?;
    Ok(bytes)
}

#[cfg(windows)]
fn read_waiting(file: &File, range: &Range<u64>) -> std::io::Result<Vec<u8>> {
    use std::os::windows::fs::FileExt;
    let mut bytes = vec![0; usize::try_from(range.end - range.start).map_err(std::io::Error::other)?];
    let mut done = 0;
    while done < bytes.len() {
        match file.seek_read(&mut bytes[done..], range.start + done as u64)? {
            0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
            read => done += read,
        }
    }
    Ok(bytes)
}

#[async_trait::async_trait]
impl ObjectStore for DurableFiles {
    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        if !plain_part(location, &options) {
            return self.disk.get_opts(location, options).await;
        }
        let opened = self.opened(location).await?;
        let range = options.range.as_ref().zip(opened.as_ref());
        let range = range.and_then(|(range, opened)| range.as_range(opened.meta.size).ok());
        // A range beyond the end is refused by the store itself, in its own words.
        let (Some(OpenFile { file, meta }), Some(range)) = (opened, range) else {
            return self.disk.get_opts(location, options).await;
        };
        let bytes = match read(&file, range.clone()).await {
            Ok(bytes) => bytes,
            // Shorter than it was: looked at anew, which tells what is wrong.
            Err(_) => {
                self.open().close(location);
                return self.disk.get_opts(location, options).await;
            }
        };
        let whole = futures::stream::once(async move { Ok(bytes.into()) }).boxed();
        Ok(GetResult {
            payload: GetResultPayload::Stream(whole),
            meta,
            range,
            attributes: Default::default(),
            extensions: Default::default(),
        })
    }

    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        let put = self.disk.put_opts(location, payload, options).await;
        self.open().close(location);
        put
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.open().close(location);
        self.disk.put_multipart_opts(location, options).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        // Before, because a file that is open cannot be deleted everywhere; after, because it may have been
        // opened in between.
        let (before, after) = (Arc::clone(&self.open), Arc::clone(&self.open));
        let closed = locations.inspect_ok(move |location| lock(&before).close(location));
        let deleted = self.disk.delete_stream(closed.boxed());
        deleted.inspect_ok(move |location| lock(&after).close(location)).boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.disk.list(prefix)
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        self.disk.list_with_offset(prefix, offset)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.disk.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        let copied = self.disk.copy_opts(from, to, options).await;
        self.open().close(to);
        copied
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        self.open().close(from);
        let renamed = self.disk.rename_opts(from, to, options).await;
        self.open().close(from);
        self.open().close(to);
        renamed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use object_store::{GetRange, ObjectStoreExt};

    fn at(folder: &std::path::Path, name: &str) -> Path {
        Path::from_absolute_path(folder.join(name)).unwrap()
    }

    async fn part(files: &DurableFiles, location: &Path, range: Range<u64>) -> Result<Vec<u8>> {
        Ok(files.get_range(location, range).await?.to_vec())
    }

    #[tokio::test]
    async fn parts_are_those_of_the_file() {
        let folder = tempfile::tempdir().unwrap();
        // Longer than what is read in place.
        let bytes: Vec<u8> = (0..3_000_000u32).map(|n| (n * 7 % 251) as u8).collect();
        for name in ["a.lance", "a.idx", "a.manifest"] {
            let files = DurableFiles::new();
            let location = at(folder.path(), name);
            files.put(&location, bytes.clone().into()).await.unwrap();
            for range in [0..1, 5..4_000, 2_999_999..3_000_000, 10..2_500_010, 0..3_000_000] {
                let whole = &bytes[range.start as usize..range.end as usize];
                assert!(part(&files, &location, range.clone()).await.unwrap() == whole, "{name} {range:?}");
            }
            let tail = GetOptions { range: Some(GetRange::Suffix(9)), ..GetOptions::default() };
            let tail = files.get_opts(&location, tail).await.unwrap();
            assert_eq!(tail.range, 2_999_991..3_000_000);
            assert_eq!(tail.bytes().await.unwrap(), bytes[2_999_991..]);
            assert!(part(&files, &location, 3_000_000..3_000_001).await.is_err(), "nothing is there");
            assert_eq!(lock(&files.open).files.len(), usize::from(name != "a.manifest"));
        }
    }

    #[tokio::test]
    async fn what_is_gone_or_written_anew_is_not_read_from_a_handle() {
        let folder = tempfile::tempdir().unwrap();
        let files = DurableFiles::new();
        let location = at(folder.path(), "a.lance");
        files.put(&location, "first".into()).await.unwrap();
        assert_eq!(part(&files, &location, 0..5).await.unwrap(), b"first");
        files.put(&location, "other".into()).await.unwrap();
        assert_eq!(part(&files, &location, 0..5).await.unwrap(), b"other");
        files.delete(&location).await.unwrap();
        assert!(part(&files, &location, 0..5).await.is_err());
        assert!(lock(&files.open).files.is_empty(), "a deleted file would keep its place on the disk");
    }

    #[tokio::test]
    async fn a_file_cut_short_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let files = DurableFiles::new();
        let location = at(folder.path(), "a.lance");
        files.put(&location, "0123456789".into()).await.unwrap();
        assert_eq!(part(&files, &location, 4..8).await.unwrap(), b"4567");
        File::options().write(true).open(folder.path().join("a.lance")).unwrap().set_len(3).unwrap();
        assert!(part(&files, &location, 4..8).await.is_err());
        assert_eq!(part(&files, &location, 0..3).await.unwrap(), b"012");
    }

    #[tokio::test]
    async fn few_files_stay_open() {
        let folder = tempfile::tempdir().unwrap();
        let files = DurableFiles::new();
        for number in 0..MOST_OPEN + 20 {
            let location = at(folder.path(), &format!("{number}.lance"));
            files.put(&location, "text".into()).await.unwrap();
            assert_eq!(part(&files, &location, 1..3).await.unwrap(), b"ex");
        }
        let open = lock(&files.open);
        assert_eq!(open.files.len(), MOST_OPEN);
        assert!(open.files.contains_key(&at(folder.path(), &format!("{}.lance", MOST_OPEN + 19))));
    }
}
