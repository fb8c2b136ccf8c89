/** The notes that are open or not saved yet. */
import { SvelteMap } from "svelte/reactivity";
import { throttle } from "../../lib/timing";
import type { NoteDraft } from "./draft.svelte";
import { keepUnsaved, type Unsaved, unsavedBefore } from "./rescue";

const RESCUE_MS = 250;

/** By id. */
export const drafts = new SvelteMap<number, NoteDraft>();

/** What an earlier window left behind and nobody has saved yet; null before anybody looked. */
let left: Unsaved[] | null = null;

/** Has the window's own storage hold what is not saved. */
export const rescue = throttle(() => {
	// Nobody looked, so no draft was kept: a late call must not clear what an earlier window left.
	if (left === null) return;
	const dirty = [...drafts.values()].filter((draft) => draft.dirty).map(({ unsaved }) => unsaved);
	keepUnsaved([...left, ...dirty]);
}, RESCUE_MS);

export function keepDraft(draft: NoteDraft): NoteDraft {
	// Looked at before this draft is kept in its place.
	left ??= unsavedBefore();
	drafts.set(draft.id, draft);
	return draft;
}

/** What an earlier window left behind; from now on it is for the caller to keep. */
export function takeLeft(): Unsaved[] {
	left ??= unsavedBefore();
	return left.splice(0);
}

/** The draft of a note that is open or not saved yet. */
export const draftOf = (path: string) => [...drafts.values()].find((draft) => draft.path === path);

/** Nobody shows it any more: it goes once it is saved. */
export async function release(draft: NoteDraft, isShown: () => boolean): Promise<void> {
	if ((await draft.flush()) && !isShown()) drafts.delete(draft.id);
}

/** Saves everything now; gives what could not be saved. */
export async function saveAll(): Promise<NoteDraft[]> {
	const all = [...drafts.values()];
	const saved = await Promise.all(all.map((draft) => draft.flush()));
	return all.filter((_draft, index) => !saved[index]);
}

/** Saves everything now; for when the window loses the focus or goes, which waits for nothing. */
export function flushAll(): void {
	void saveAll();
}

/** Forgets every note of which the core has the text. */
export function dropSaved(): void {
	for (const draft of [...drafts.values()]) if (!draft.dirty) draft.drop();
}

/** For tests, which begin as if docent had just been started. */
export function forgetDrafts(): void {
	for (const draft of [...drafts.values()]) draft.drop();
	left = null;
}
