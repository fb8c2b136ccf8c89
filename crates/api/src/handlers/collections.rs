//! Collections.

use super::sources::named;
use crate::Api;
use crate::wire::*;
use docent_corpus::{CollectionId, DocumentId, SourceId};
use docent_library::Members;

impl Api {
    /// Makes a collection.
    pub async fn create_collection(&self, req: CreateCollectionReq) -> Result<Collection, ApiError> {
        let name = named(&req.name)?;
        let id = self
            .library({
                let name = name.clone();
                move |library| Ok(library.create_collection(&name)?)
            })
            .await?;
        self.changed(&[Tag::Sources]);
        Ok(Collection { id: id.0, name, sources: Vec::new(), documents: Vec::new() })
    }

    /// Renames a collection.
    pub async fn rename_collection(&self, req: RenameCollectionReq) -> Result<Empty, ApiError> {
        let name = named(&req.name)?;
        self.library(move |library| Ok(library.rename_collection(CollectionId(req.collection), &name)?))
            .await?;
        self.changed(&[Tag::Sources]);
        Ok(Empty {})
    }

    /// Deletes a collection; what was in it stays in the library.
    pub async fn delete_collection(&self, req: CollectionReq) -> Result<Empty, ApiError> {
        self.library(move |library| Ok(library.delete_collection(CollectionId(req.collection))?)).await?;
        self.changed(&[Tag::Sources]);
        Ok(Empty {})
    }

    /// Puts sources and documents into a collection.
    pub async fn add_to_collection(&self, req: CollectionMembersReq) -> Result<Empty, ApiError> {
        let id = CollectionId(req.collection);
        let members = members(req);
        self.library(move |library| Ok(library.add_to_collection(id, &members)?)).await?;
        self.changed(&[Tag::Sources, Tag::Documents]);
        Ok(Empty {})
    }

    /// Takes sources and documents out of a collection.
    pub async fn remove_from_collection(&self, req: CollectionMembersReq) -> Result<Empty, ApiError> {
        let id = CollectionId(req.collection);
        let members = members(req);
        self.library(move |library| Ok(library.remove_from_collection(id, &members)?)).await?;
        self.changed(&[Tag::Sources, Tag::Documents]);
        Ok(Empty {})
    }
}

fn members(req: CollectionMembersReq) -> Members {
    Members {
        sources: req.sources.into_iter().map(SourceId).collect(),
        documents: req.documents.into_iter().map(DocumentId).collect(),
    }
}
