//! Conversations.

use super::sources::named;
use crate::Api;
use crate::wire::*;
use docent_corpus::ConversationId;

impl Api {
    /// Every conversation, newest first.
    pub async fn list_conversations(&self, _: Empty) -> Result<ConversationsRes, ApiError> {
        self.library(|library| {
            let conversations = library.conversations()?.into_iter().map(Conversation::from).collect();
            Ok(ConversationsRes { conversations })
        })
        .await
    }

    /// A conversation with its messages.
    pub async fn get_conversation(&self, req: ConversationReq) -> Result<ConversationRes, ApiError> {
        self.library(move |library| {
            let id = ConversationId(req.conversation);
            let conversation = library.conversation(id)?.into();
            let messages = library.messages(id)?.into_iter().map(super::ask::message).collect();
            Ok(ConversationRes { conversation, messages })
        })
        .await
    }

    /// Renames a conversation.
    pub async fn rename_conversation(&self, req: RenameConversationReq) -> Result<Empty, ApiError> {
        let title = named(&req.title)?;
        self.library(move |library| {
            Ok(library.rename_conversation(ConversationId(req.conversation), &title)?)
        })
        .await?;
        self.changed(&[Tag::Conversations]);
        Ok(Empty {})
    }

    /// Deletes a conversation with its messages.
    pub async fn delete_conversation(&self, req: ConversationReq) -> Result<Empty, ApiError> {
        self.library(move |library| Ok(library.delete_conversation(ConversationId(req.conversation))?))
            .await?;
        self.changed(&[Tag::Conversations]);
        Ok(Empty {})
    }
}

impl From<docent_library::Conversation> for Conversation {
    fn from(conversation: docent_library::Conversation) -> Self {
        Self {
            id: conversation.id.0,
            title: conversation.title,
            updated_ms: convert::number(conversation.updated_ms),
        }
    }
}
