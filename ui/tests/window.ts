/** Opens the whole window on an invented library, each time as if docent had just been started. */
import axe from "axe-core";
import { expect } from "vitest";
import { page } from "vitest/browser";
import { render } from "vitest-browser-svelte";
import { asking } from "../src/api/asking.svelte";
import { downloads } from "../src/api/downloads.svelte";
import { dismissAll } from "../src/api/failures.svelte";
import { indexing } from "../src/api/indexing.svelte";
import { keeping } from "../src/api/keeping.svelte";
import { clearQueries } from "../src/api/queries.svelte";
import { setHost } from "../src/api/rpc";
import App from "../src/app/App.svelte";
import { layers } from "../src/app/layers.svelte";
import { layout } from "../src/app/layout.svelte";
import { navigation } from "../src/app/navigation.svelte";
import { closeMenu } from "../src/components/menu.svelte";
import { questions } from "../src/components/questions.svelte";
import { toasts } from "../src/components/toasts.svelte";
import { ask, EVERYWHERE } from "../src/features/ask/ask.svelte";
import { current } from "../src/features/ask/current.svelte";
import { forgetting } from "../src/features/library/forgetting.svelte";
import { rulesDialog } from "../src/features/library/rulesDialog.svelte";
import { forgetDrafts } from "../src/features/notes/drafts.svelte";
import { openNote } from "../src/features/notes/open.svelte";
import { FakeHost, type FakeOptions } from "../src/host/fake";
import type { CallName, StreamName } from "../src/host/types";
import { setLocale } from "../src/i18n/index.svelte";
import { TestId } from "../src/lib/testids";
import type { Calls, Streams } from "../src/wire/generated";

export { TestId };

function forget(): void {
	clearQueries();
	asking.runs = [];
	downloads.byModel.clear();
	downloads.dismissImport();
	dismissAll();
	indexing.status = undefined;
	layers.close();
	layout.closeDrawers();
	layout.railWanted = true;
	layout.passagesWanted = true;
	navigation.view = { name: "ask" };
	navigation.closePane();
	forgetDrafts();
	openNote.draft = null;
	openNote.deleted = null;
	openNote.version = null;
	openNote.mode = "edit";
	forgetting.last = null;
	rulesDialog.close();
	keeping.backup = null;
	keeping.restoring = null;
	keeping.next = null;
	closeMenu();
	questions.current = null;
	toasts.list = [];
	current.show(null);
	ask.look(EVERYWHERE);
	setLocale("en");
	localStorage.clear();
}

export interface Size {
	width: number;
	height: number;
}

/** Gives the host, to look at its calls and to let things happen. */
export async function openWindow(
	options: FakeOptions = {},
	size: Size = { width: 1280, height: 800 },
): Promise<FakeHost> {
	forget();
	await page.viewport(size.width, size.height);
	const host = new FakeHost({
		...options,
		settings: { language: "en", theme: "light", ...options.settings },
	});
	setHost(host);
	const screen = await render(App);
	screen.container.style.height = "100%";
	return host;
}

/** Finds by handle. */
export const byId = (id: TestId) => page.getByTestId(id);

/** All elements with a handle, now. */
export const all = (id: TestId) => [...document.querySelectorAll<HTMLElement>(`[data-testid="${id}"]`)];

type Requests = { [N in CallName]: Calls[N]["req"] } & { [N in StreamName]: Streams[N]["req"] };

/** The latest request of this name; fails if there was none. */
export function lastRequest<N extends keyof Requests>(host: FakeHost, name: N): Requests[N] {
	const call = host.calls.findLast((one) => one.name === name);
	if (!call) throw new Error(`${name} was not called`);
	return call.req as Requests[N];
}

/** Nothing serious or critical for people who see, hear or move differently. */
export async function expectAccessible(): Promise<void> {
	// Contrast is measured on what is painted: transitions have to be over.
	const ending = document
		.getAnimations()
		.filter((animation) => animation.effect?.getComputedTiming().iterations !== Number.POSITIVE_INFINITY);
	await Promise.all(ending.map((animation) => animation.finished.catch(() => {})));
	const { violations } = await axe.run(document, { resultTypes: ["violations"] });
	const serious = violations
		.filter(({ impact }) => impact === "serious" || impact === "critical")
		.map(({ id, help, nodes }) => ({ id, help, nodes: nodes.map((node) => node.html) }));
	expect(serious).toEqual([]);
}

/** A promise that a test resolves: holds the invented core at a step. */
export function hold(): {
	gate: (step: string) => Promise<void> | undefined;
	release: () => void;
	at: string;
} {
	let release = () => {};
	const held = new Promise<void>((resolve) => {
		release = resolve;
	});
	const holding = {
		/** The step to hold at. */
		at: "",
		gate: (step: string) => (step === holding.at ? held : undefined),
		release: () => release(),
	};
	return holding;
}

export const QUESTIONS = {
	bees: "When and how do I treat against varroa mites?",
	lease: "What is the notice period of my lease?",
	none: "How high is Mount Everest in yearly metres?",
	ferry: "When does the ferry to the island leave?",
	chinese: "夜间怎样给温室保温？",
};

/** Writes the question and asks it. */
export async function askQuestion(question: string): Promise<void> {
	await byId(TestId.AskInput).fill(question);
	await byId(TestId.Send).click();
}

/** Asks and waits for the whole answer. */
export async function answered(question: string): Promise<void> {
	const before = all(TestId.CopyAnswer).length;
	await askQuestion(question);
	await expect.poll(() => all(TestId.CopyAnswer).length).toBe(before + 1);
}
