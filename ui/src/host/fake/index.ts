/** Invented libraries by name, chosen in the address: `?scene=empty&slowness=1`. */
import type { Language, Theme } from "../../wire/generated";
import type { Host } from "../types";
import { FakeHost } from "./host";
import { UNUSABLE_RECOGNITION } from "./keeping";
import { OFFICE } from "./office";
import type { FakeOptions } from "./options";
import { FOLDERS } from "./texts";

export { FakeHost } from "./host";
export { NO_RECOGNITION, UNUSABLE_RECOGNITION } from "./keeping";
export { OFFICE } from "./office";
export { apiError, type FakeOptions } from "./options";
export { FOLDERS } from "./texts";

const CONVERSATIONS = [
	{ title: "When and how do I treat varroa?", questions: ["When and how do I treat against varroa mites?"] },
	{ title: "Notice period of the lease", questions: ["What is the notice period of my lease?"] },
	{ title: "温室夜间保温", questions: ["夜间怎样给温室保温？"] },
	{ title: "Winter stores", questions: ["How much sugar syrup does a colony need for winter?"] },
];

export const SCENES: Record<string, FakeOptions> = {
	ready: { conversations: CONVERSATIONS },
	/** A folder with a file of every kind, and notes. */
	office: {
		conversations: CONVERSATIONS,
		folders: [...FOLDERS, OFFICE],
		notes: true,
		putAside: ["/home/ada/.local/share/docent/before-restore-1795305599999"],
	},
	/** Some places of a folder could not be looked at. */
	notlooked: {
		conversations: CONVERSATIONS,
		folders: [
			...FOLDERS,
			{
				...OFFICE,
				unreadable: [
					{ path: "letters/private", reason: "permission denied" },
					{ path: "photos 照片/2019 Sommerfest am See", reason: "input/output error" },
					{ path: "mounts/nas", reason: "transport endpoint is not connected" },
				],
			},
		],
	},
	/** There is a GPU, but it does not work. */
	gpufailed: {
		gpu: { fault: "CUDA driver version is insufficient for CUDA runtime version" },
	},
	/** Tesseract is there, but cannot be used. */
	norecognition: { recognition: UNUSABLE_RECOGNITION },
	/** Index and library are compared after a crash. */
	comparing: {
		conversations: CONVERSATIONS.slice(0, 2),
		indexing: { phase: "comparing", done: 310, total: 1264, started_ms: Date.now() - 20_000 },
	},
	/** What the dialog gives is a backup. */
	unpacking: { picks: ["/media/stick/docent 2026-11-20.docent"] },
	empty: { folders: [], models: false },
	modelless: { models: false },
	indexing: {
		conversations: CONVERSATIONS.slice(0, 2),
		indexing: {
			phase: "reading",
			file: "contracts/lease-harbour-lane.pdf",
			page: 12,
			pages: 48,
			done: 3,
			read: 1264,
			total: 4820,
			failed: 3,
			started_ms: Date.now() - 240_000,
			rate: 5.2,
			seconds_left: 680,
		},
	},
	/** All files are read; vectors are being computed. */
	embedding: {
		conversations: CONVERSATIONS.slice(0, 2),
		indexing: {
			phase: "embedding",
			done: 1264,
			read: 4820,
			total: 4820,
			chunks: 31_200,
			chunks_total: 118_640,
			failed: 3,
			started_ms: Date.now() - 240_000,
			seconds_left: 1980,
		},
	},
	inuse: { failing: { app_state: "library_in_use" } },
};

export function fakeHostFromAddress(address: string): Host {
	const wanted = new URLSearchParams(address);
	const scene = SCENES[wanted.get("scene") ?? "ready"] ?? {};
	const slowness = Number(wanted.get("slowness") ?? "1");
	const settings = {
		theme: (wanted.get("theme") ?? "system") as Theme,
		language: (wanted.get("language") ?? "system") as Language,
	};
	const host = new FakeHost({ ...scene, settings, slowness });
	// For scripts that take pictures of the window.
	Object.assign(window, { docentFake: host });
	return host;
}
