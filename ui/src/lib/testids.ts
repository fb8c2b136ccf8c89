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
	IndexingFailures: "indexing-failures",
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
	AllowDownloads: "allow-downloads",
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
