/** Words of what docent finds out about its own installation. */
const plural = (n: number, one: string, other: string) => (n === 1 ? one : other);

export const about = {
	title: "About this installation",
	version: "Version",
	device: "Computes on",
	data: "Library",
	healthy: "Everything needed is in place.",
	unhealthy: "Something needed is missing or damaged.",
	checking: "Looking at the installation…",
	again: "Check again",
	copy: "Copy report",
	good: "Good",
	limited: "Limited",
	bad: "Missing",
	check: {
		data_folder: "Library folder",
		database: "Database",
		index: "Search index",
		reader: "Reader of documents",
		pdf: "PDF pages",
		ocr: "Text in pictures",
		embedder: "Model for finding by meaning",
		generator: "Model for answers",
		model: "A model",
		device: "Computing",
		disk: "Disk space",
	},
	finding: {
		missing: (path: string) => `Missing: ${path}. Install docent again.`,
		notMoved: (path: string, to: string, detail: string) =>
			`${path}. It was to be moved to ${to}, which failed: ${detail}`,
		documents: (all: number, found: string, shown: string) =>
			plural(all, `${found} of 1 document can be found`, `${found} of ${shown} documents can be found`),
		passages: (n: number, shown: string) => plural(n, "1 passage", `${shown} passages`),
		indexNotOpen: "Not open, because the model for finding is not installed.",
		recognition: (version: string, languages: string) => `Tesseract ${version}: ${languages}`,
		noRecognition: "Text on scans and pictures is not read.",
		unusable: (detail: string) => `Tesseract is there but cannot be used: ${detail}`,
		install: (line: string) => `To install it: ${line}`,
		noModel: "Not installed.",
		noEmbedder: "Not installed. Documents wait until it is.",
		noGenerator: "Not installed. Answers are sentences of your documents, word for word.",
		chatModel: (
			name: string,
			weights: string,
			conversation: string,
			context: string,
			work: string,
			reuse: string,
		) =>
			`${name}. Memory in use at most: ${weights} for weights, ${conversation} for ${context} tokens of conversation, ${work} for work, ${reuse} for earlier questions.`,
		template: (name: string) => `Its file brings no chat template; ${name} is used.`,
		free: (size: string) => `${size} free`,
		freeUnknown: "The system does not say how much is free.",
	},
};
