//! The one list of what docent can be asked. From it come the handlers' signatures, the Tauri
//! commands, the dispatch of terminal and tests, and the TypeScript types.
//!
//! A call has one answer; a stream sends events until it ends. Adding a line without writing the
//! handler does not compile. The shell's build script reads the names from this file, so each entry
//! stands on its own line.

/// Passes the list of commands to another macro.
#[macro_export]
macro_rules! with_commands {
    ($callback:ident) => {
        $callback! {
            calls {
                app_state(Empty) -> AppState;
                update_settings(SettingsPatch) -> Settings;
                doctor(Empty) -> DoctorReport;
                cancel(CancelReq) -> Empty;

                list_sources(Empty) -> SourcesRes;
                add_sources(AddSourcesReq) -> AddSourcesRes;
                add_sample(Empty) -> AddSourcesRes;
                remove_source(SourceReq) -> Empty;
                create_collection(CreateCollectionReq) -> Collection;
                rename_collection(RenameCollectionReq) -> Empty;
                delete_collection(CollectionReq) -> Empty;
                set_source_collection(SetSourceCollectionReq) -> Empty;

                rescan(OptionalSourceReq) -> Empty;
                retry_failed(OptionalSourceReq) -> CountRes;
                pause_indexing(PauseReq) -> IndexingStatus;

                list_documents(DocumentsReq) -> DocumentsRes;
                read_document(ReadReq) -> ReadRes;
                highlight(HighlightReq) -> HighlightRes;
                page_image(PageImageReq) -> PageImageRes;
                open_original(OpenOriginalReq) -> Empty;

                search(SearchReq) -> SearchRes;

                list_conversations(Empty) -> ConversationsRes;
                get_conversation(ConversationReq) -> ConversationRes;
                rename_conversation(RenameConversationReq) -> Empty;
                delete_conversation(ConversationReq) -> Empty;

                list_models(Empty) -> ModelsRes;
                use_model(ModelReq) -> Empty;
                remove_model(ModelReq) -> Empty;
            }
            streams {
                ask(AskReq) => AskEvent;
                fetch_model(FetchModelReq) => FetchEvent;
                import_model(ImportModelReq) => FetchEvent;
            }
        }
    };
}
