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
                add_to_collection(CollectionMembersReq) -> Empty;
                remove_from_collection(CollectionMembersReq) -> Empty;
                set_source_rules(SetSourceRulesReq) -> Empty;

                rescan(OptionalSourceReq) -> Empty;
                retry_failed(OptionalSourceReq) -> CountRes;
                retry_documents(DocumentIdsReq) -> CountRes;
                pause_indexing(PauseReq) -> IndexingStatus;
                stop_indexing(Empty) -> IndexingStatus;
                export_ledger(ExportLedgerReq) -> CountRes;
                forget_document(DocumentReq) -> ForgetRes;

                list_documents(DocumentsReq) -> DocumentsRes;
                read_document(ReadReq) -> ReadRes;
                highlight(HighlightReq) -> HighlightRes;
                page_image(PageImageReq) -> PageImageRes;
                open_original(OpenOriginalReq) -> Empty;

                search(SearchReq) -> SearchRes;

                list_notes(NotesReq) -> NotesRes;
                set_notes_folder(NotesFolderReq) -> NotesRes;
                read_note(NoteReq) -> Note;
                save_note(SaveNoteReq) -> SaveNoteRes;
                rename_note(RenameNoteReq) -> Note;
                delete_note(NoteReq) -> Empty;
                note_versions(NoteReq) -> NoteVersionsRes;
                note_version(NoteVersionReq) -> NoteVersionRes;

                inspect_backup(PathReq) -> BackupInfo;
                move_library(PathReq) -> AtNextStart;
                recognition_status(Empty) -> RecognitionStatus;

                list_conversations(Empty) -> ConversationsRes;
                get_conversation(ConversationReq) -> ConversationRes;
                rename_conversation(RenameConversationReq) -> Empty;
                delete_conversation(ConversationReq) -> Empty;

                list_models(Empty) -> ModelsRes;
                use_model(ModelReq) -> Empty;
                remove_model(ModelReq) -> Empty;
                plan_switch(ModelReq) -> SwitchPlan;
                cancel_switch(Empty) -> Empty;
            }
            streams {
                ask(AskReq) => AskEvent;
                fetch_model(FetchModelReq) => FetchEvent;
                import_model(ImportModelReq) => FetchEvent;
                back_up(BackUpReq) => BackUpEvent;
                restore_backup(RestoreReq) => RestoreEvent;
            }
        }
    };
}
