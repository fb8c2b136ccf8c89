//! How much memory LanceDB may keep.

/// What the machine's memory is divided by for the index; a search by vectors and one by words read side
/// by side, and a million passages take half a gigabyte of it.
const SHARE: u64 = 16;
/// Bounds of the memory for the index. It is filled only as far as there is an index to be kept: 100,000
/// passages take some 60 MiB.
const LEAST_INDEX: u64 = 256 << 20;
const MOST_INDEX: u64 = 1 << 30;
/// The memory for descriptions of files, as a part of that for the index, and its bounds.
const METADATA_SHARE: u64 = 8;
const LEAST_METADATA: u64 = 64 << 20;
const MOST_METADATA: u64 = 128 << 20;

/// Memory for what LanceDB has read, in bytes. Its own defaults are 6 GiB and 1 GiB. Each is one budget
/// for all entries: LanceDB parts a cache only from 8 GiB on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheSizes {
    /// For parts of indexes.
    pub index_bytes: usize,
    /// For descriptions of files.
    pub metadata_bytes: usize,
}

impl CacheSizes {
    /// What suits a machine with this much memory in all, in bytes; the least if it is not known.
    pub fn for_memory(total: Option<u64>) -> Self {
        let index = (total.unwrap_or(0) / SHARE).clamp(LEAST_INDEX, MOST_INDEX);
        let metadata = (index / METADATA_SHARE).clamp(LEAST_METADATA, MOST_METADATA);
        // Below the largest number of every platform.
        Self { index_bytes: index as usize, metadata_bytes: metadata as usize }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caches_grow_with_the_machine_between_bounds() {
        let mib = |total_gib: Option<u64>| {
            let sizes = CacheSizes::for_memory(total_gib.map(|gib| gib << 30));
            (sizes.index_bytes >> 20, sizes.metadata_bytes >> 20)
        };
        assert_eq!(mib(None), (256, 64));
        assert_eq!(mib(Some(2)), (256, 64));
        assert_eq!(mib(Some(8)), (512, 64));
        assert_eq!(mib(Some(16)), (1024, 128));
        assert_eq!(mib(Some(512)), (1024, 128));
    }
}
