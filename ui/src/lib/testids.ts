/**
 * The handles by which tests find things in the window. Markup uses them as `data-testid`; the tests
 * of the real window use the same strings. Renaming one is a change that tests notice.
 */
export const TestId = {
	/** The one box to search and ask. */
	AskInput: "ask-input",
	Send: "send",
	Stop: "stop",
	/** The list of passages found while typing, and one of them. */
	Results: "results",
	ResultItem: "result-item",
	/** "8 passages · 7 ms" */
	SearchTime: "search-time",
	/** Scope of search and question; the menu's items carry `data-scope`. */
	ScopeButton: "scope-button",
	/** The thread of questions and answers. */
	Thread: "thread",
	/** The text of an answer. The latest also carries `data-latest="true"`. */
	Answer: "answer",
	AnswerStatus: "answer-status",
	CopyAnswer: "copy-answer",
	/** A citation chip; `data-number` is its number. */
	Citation: "citation",
	/** What the documents say, before a model has spoken. */
	Quotes: "quotes",
	/** The mark after a sentence without support. */
	Unsupported: "unsupported",
	/** The statement about the evidence; `data-verdict` says which. */
	Verdict: "verdict",
	/** The right pane with the passages of the answer, and one of them. */
	Passages: "passages",
	PassageItem: "passage-item",
	/** The document viewer, what it scrolls, and the highlighted parts (text or page). */
	Viewer: "viewer",
	ViewerTitle: "viewer-title",
	ViewerPlace: "viewer-place",
	ViewerScroll: "viewer-scroll",
	ViewerHighlight: "viewer-highlight",
	ViewerTextTab: "viewer-text-tab",
	ViewerPageTab: "viewer-page-tab",
	ViewerPage: "viewer-page",
	ViewerOpen: "viewer-open",
	ViewerReveal: "viewer-reveal",
	ViewerClose: "viewer-close",
	ViewerAbout: "viewer-about",
	/** A heading between blocks that says where they stand: a page, slide, sheet, chapter, or file. */
	ViewerSection: "viewer-section",
	/** The left rail. */
	Rail: "rail",
	RailToggle: "rail-toggle",
	NewConversation: "new-conversation",
	ConversationItem: "conversation-item",
	AllDocuments: "all-documents",
	SourceItem: "source-item",
	CollectionItem: "collection-item",
	AddMenu: "add-menu",
	AddFolder: "add-folder",
	AddFiles: "add-files",
	/** The menu's way to the field for a path; the palette's is `data-command="add-path"`. */
	AddPath: "add-path",
	AddSample: "add-sample",
	NewCollection: "new-collection",
	IndexingStatus: "indexing-status",
	IndexingPause: "indexing-pause",
	/** Files that could not be read; `data-state` says in which way. */
	IndexingFailures: "indexing-failures",
	IndexingStop: "indexing-stop",
	/** The index of another embedding model that is being built. */
	Rebuild: "rebuild",
	RebuildCancel: "rebuild-cancel",
	NavNotes: "nav-notes",
	NavModels: "nav-models",
	NavSettings: "nav-settings",
	NavAbout: "nav-about",
	/** The list of documents. Rows carry `data-state`. */
	Documents: "documents",
	DocumentRow: "document-row",
	DocumentFilter: "document-filter",
	/** A state's filter; `data-state` says which. */
	StateFilter: "state-filter",
	RetryFailed: "retry-failed",
	DocumentDetail: "document-detail",
	/** "423 of 501 can be found". */
	Coverage: "coverage",
	Unreadable: "unreadable",
	DocumentSelect: "document-select",
	/** What can be done with the selected documents. */
	Selection: "selection",
	RetrySelected: "retry-selected",
	CollectionFilter: "collection-filter",
	LedgerMore: "ledger-more",
	ExportLedger: "export-ledger",
	Forget: "forget",
	/** What was forgotten, with the way back. */
	Forgotten: "forgotten",
	ForgottenUndo: "forgotten-undo",
	/** The dialog that says what of a source is read. */
	Rules: "rules",
	RulesOpen: "rules-open",
	RulesSave: "rules-save",
	/** Notes. */
	Notes: "notes",
	NotesFolder: "notes-folder",
	NotesAccept: "notes-accept",
	NoteNew: "note-new",
	NoteItem: "note-item",
	NoteFilter: "note-filter",
	/** A tag that narrows the list; `data-tag` is its name. */
	NoteTag: "note-tag",
	NoteEditor: "note-editor",
	/** `data-state` is one of empty, saved, unsaved, saving, failed. */
	NoteState: "note-state",
	NoteTitle: "note-title",
	NotePreview: "note-preview",
	NotePreviewTab: "note-preview-tab",
	NoteMenu: "note-menu",
	NoteSuggestion: "note-suggestion",
	NoteSide: "note-side",
	NoteSideToggle: "note-side-toggle",
	NoteLink: "note-link",
	NoteBacklink: "note-backlink",
	NoteVersion: "note-version",
	NoteRestore: "note-restore",
	NoteConflict: "note-conflict",
	NoteFailed: "note-failed",
	NoteUndo: "note-undo",
	/** Models. Cards carry `data-model`. */
	Models: "models",
	ModelCard: "model-card",
	ModelFetch: "model-fetch",
	ModelFetchCancel: "model-fetch-cancel",
	ModelProgress: "model-progress",
	ModelImport: "model-import",
	ModelUse: "model-use",
	ModelRemove: "model-remove",
	/** Settings. Each option of the two choices carries `data-value`. */
	Settings: "settings",
	LanguageSelect: "language-select",
	ThemeSelect: "theme-select",
	Threads: "threads",
	DeviceSelect: "device-select",
	/** What models are computed on now, and why. */
	DeviceNow: "device-now",
	AllowDownloads: "allow-downloads",
	/** Keeping: backup, restore, move, recognition. */
	BackUp: "back-up",
	BackUpVectors: "back-up-vectors",
	BackUpProgress: "back-up-progress",
	BackUpCancel: "back-up-cancel",
	BackUpDone: "back-up-done",
	RestoreLook: "restore-look",
	Restore: "restore",
	RestoreBusy: "restore-busy",
	RestoreEnded: "restore-ended",
	RestoreProgress: "restore-progress",
	RestoreStop: "restore-stop",
	RestoreYes: "restore-yes",
	MoveLibrary: "move-library",
	NextStart: "next-start",
	Recognition: "recognition",
	/** A language to recognise; `data-language` is its name. */
	RecognitionLanguage: "recognition-language",
	RecognitionAgain: "recognition-again",
	/** What a change of the embedding model takes. */
	SwitchPlan: "switch-plan",
	SwitchYes: "switch-yes",
	/** About this installation. */
	About: "about",
	AboutCheck: "about-check",
	/** Layers. */
	Palette: "palette",
	PaletteInput: "palette-input",
	PaletteItem: "palette-item",
	AddPathInput: "add-path-input",
	AddPathSubmit: "add-path-submit",
	Shortcuts: "shortcuts",
	DropOverlay: "drop-overlay",
	Confirm: "confirm",
	ConfirmYes: "confirm-yes",
	/** The empty library. */
	Welcome: "welcome",
	MissingModels: "missing-models",
	/** Failures of commands, shown until dismissed; `data-code` says which. */
	Failure: "failure",
	FailureDismiss: "failure-dismiss",
	/** The window when the library could not be opened. */
	StartFailure: "start-failure",
} as const;

export type TestId = (typeof TestId)[keyof typeof TestId];
