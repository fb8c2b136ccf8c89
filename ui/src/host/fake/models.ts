/** The invented catalogue. */
import type { Model } from "../../wire/generated";

const model = (name: string, title: string, role: Model["role"], more: Partial<Model>): Model => ({
	name,
	title,
	role,
	licence: "Apache-2.0",
	languages: ["en"],
	size_bytes: 90_900_000,
	memory_bytes: 180_000_000,
	state: { kind: "missing" },
	active: false,
	recommended: false,
	untried: false,
	usable: true,
	...more,
});

/** Fresh objects each time: what happens to one library does not happen to the next. */
export const catalogue = (): Model[] => [
	model("all-minilm-l6-v2", "all-MiniLM-L6-v2", "embedder", { recommended: true }),
	model("multilingual-e5-small", "Multilingual E5 small", "embedder", {
		licence: "MIT",
		languages: ["en", "zh", "de", "fr", "es", "ja"],
		size_bytes: 471_000_000,
		memory_bytes: 620_000_000,
		untried: true,
	}),
	model("smollm2-135m-instruct", "SmolLM2 135M Instruct", "generator", {
		recommended: true,
		size_bytes: 98_700_000,
		memory_bytes: 260_000_000,
	}),
	model("qwen2.5-1.5b-instruct", "Qwen2.5 1.5B Instruct", "generator", {
		languages: ["zh", "en"],
		size_bytes: 1_120_000_000,
		memory_bytes: 1_900_000_000,
		state: { kind: "partial", have: 402_000_000, want: 1_120_000_000 },
		untried: true,
	}),
	model("bge-reranker-v2-m3", "BGE reranker v2 m3", "reranker", {
		languages: ["zh", "en"],
		size_bytes: 636_000_000,
		memory_bytes: 900_000_000,
		untried: true,
		usable: false,
	}),
];
