//! Reading what a version consists of, to know whether it is all there.

use futures::TryStreamExt;
use lance::Dataset;
use std::collections::HashMap;
use std::sync::Arc;

/// Why a version is not sound.
pub(super) type Unsound = Box<dyn std::error::Error + Send + Sync>;

/// Reads every file of a version that `known`, a version read before, does not have, in full, and of
/// all rows the ids. A file that was cut short still opens and is counted; only reading it tells.
///
/// In a task of its own, because damaged files have made the engine panic.
pub(super) async fn sound(dataset: Arc<Dataset>, known: Option<Arc<Dataset>>) -> Result<(), Unsound> {
    tokio::spawn(read(dataset, known)).await?
}

async fn read(dataset: Arc<Dataset>, known: Option<Arc<Dataset>>) -> Result<(), Unsound> {
    let before: HashMap<u64, _> = known
        .iter()
        .flat_map(|known| known.fragments().iter())
        .map(|fragment| (fragment.id, fragment.clone()))
        .collect();
    let new: Vec<_> =
        dataset.fragments().iter().filter(|it| before.get(&it.id) != Some(*it)).cloned().collect();
    if !new.is_empty() {
        let mut scanner = dataset.scan();
        scanner.with_fragments(new);
        drain(&scanner).await?;
    }
    let mut scanner = dataset.scan();
    scanner.project(&[super::schema::CHUNK, super::schema::REVISION])?;
    let rows = drain(&scanner).await?;
    let counted = dataset.count_rows(None).await?;
    if rows != counted {
        return Err(format!("{counted} rows are described but {rows} can be read").into());
    }
    Ok(())
}

async fn drain(scanner: &lance::dataset::scanner::Scanner) -> Result<usize, lance::Error> {
    let mut stream = Box::pin(scanner.try_into_stream()).await?;
    let mut rows = 0;
    while let Some(batch) = stream.try_next().await? {
        rows += batch.num_rows();
    }
    Ok(rows)
}
