//! The contract on the store in memory.

use docent_vector_store::{MemoryStore, contract};

async fn fresh() -> ((), MemoryStore) {
    ((), MemoryStore::new(contract::DIMENSION))
}

docent_vector_store::contract_tests!(fresh);
