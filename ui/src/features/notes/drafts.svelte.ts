/**
 * Notes as they are written. A draft lives here and not in the view, so that leaving the view loses
 * nothing: it is dropped only when the core has its text.
 */
import { SvelteMap } from "svelte/reactivity";
import { asApiError } from "../../api/errors";
import { touch } from "../../api/queries.svelte";
import { call } from "../../api/rpc";
import { debounce, throttle } from "../../lib/timing";
import type { ApiError, Note } from "../../wire/generated";
import { keepUnsaved, type Unsaved, unsavedBefore } from "./rescue";

export type SaveState = "empty" | "saved" | "unsaved" | "saving" | "failed";

/** How long the person pauses before the text is saved. */
const PAUSE_MS = 600;
const RETRY_MS = 5000;
const RESCUE_MS = 250;

let nextId = 1;

export class NoteDraft {
	readonly id = nextId++;
	/** Null until it has a file. */
	path = $state<string | null>(null);
	text = $state("");
	/** As the core knows it: title, tags, links. */
	note = $state.raw<Note | null>(null);
	state = $state<SaveState>("empty");
	error = $state.raw<ApiError | null>(null);
	/** Another program had changed the file: where both texts are now. */
	conflict = $state.raw<{ mine: string; theirs: string } | null>(null);
	/** What is shown came from another program since the note was opened. */
	changedOutside = $state(false);
	#version: string | null = null;
	#saved = "";
	#running: Promise<boolean> | null = null;
	#retry: ReturnType<typeof setTimeout> | undefined;
	#soon = debounce(() => void this.flush(), PAUSE_MS);

	constructor(note: Note | null, text = "") {
		if (note) this.#show(note);
		else this.text = text;
		if (this.dirty) this.state = "unsaved";
	}

	/** One that an earlier window could not save. */
	static recovered(path: string | null, text: string, version: string | null): NoteDraft {
		const draft = new NoteDraft(null, text);
		draft.path = path;
		draft.#version = version;
		return draft;
	}

	/** Whether there is text that the core does not have. A new note without any is nothing. */
	get dirty(): boolean {
		return this.path === null ? this.text.trim() !== "" : this.text !== this.#saved;
	}

	get unsaved() {
		return { path: this.path, text: this.text, version: this.#version };
	}

	/** The text is this now. */
	type(text: string): void {
		this.text = text;
		this.changedOutside = false;
		if (this.dirty) {
			if (this.state !== "saving" && this.state !== "failed") this.state = "unsaved";
			this.#soon();
		} else if (this.state === "unsaved") {
			this.state = this.path === null ? "empty" : "saved";
		}
		rescue();
	}

	/** Saves now what is not saved. Whether everything is. */
	async flush(): Promise<boolean> {
		this.#soon.cancel();
		if (!this.dirty) return true;
		this.#running ??= this.#save(false).finally(() => {
			this.#running = null;
		});
		return this.#running;
	}

	/** Takes an earlier text; the present one becomes a version. */
	async restore(text: string): Promise<boolean> {
		await this.flush();
		this.text = text;
		rescue();
		return this.#save(true);
	}

	async #save(keep: boolean): Promise<boolean> {
		clearTimeout(this.#retry);
		// Typing goes on while a save is on its way; then there is more to save.
		let again = keep;
		while (this.dirty || again) {
			const text = this.text;
			this.state = "saving";
			try {
				const res = await call("save_note", { path: this.path, text, version: this.#version, keep: again });
				again = false;
				if (res.conflict) this.conflict = { mine: res.note.path, theirs: this.path ?? "" };
				this.#saved = text;
				this.#take(res.note);
			} catch (thrown) {
				this.error = asApiError(thrown);
				this.state = "failed";
				this.#retry = setTimeout(() => void this.flush(), RETRY_MS);
				rescue();
				return false;
			}
		}
		this.error = null;
		this.state = "saved";
		rescue();
		touch(["notes"]);
		return true;
	}

	#take(note: Note): void {
		this.note = note;
		this.path = note.path;
		this.#version = note.version;
	}

	#show(note: Note): void {
		this.#take(note);
		this.text = note.text;
		this.#saved = note.text;
		this.state = "saved";
	}

	/** It has another name now. */
	renamed(note: Note): void {
		this.#take(note);
	}

	/** Looks whether another program changed it. Text that is not saved is not touched. */
	async refresh(): Promise<void> {
		const path = this.path;
		if (path === null || this.dirty || this.#running) return;
		try {
			const note = await call("read_note", { path });
			if (this.path !== path || this.dirty || this.#running) return;
			const other = note.text !== this.text;
			this.#show(note);
			if (other) this.changedOutside = true;
		} catch (thrown) {
			// Gone: what is written from now on makes it anew.
			if (asApiError(thrown).code === "not_found" && this.path === path) this.#version = null;
		}
	}

	/** Forgets a save that is still to come; for a note that is deleted. */
	drop(): void {
		this.#soon.cancel();
		clearTimeout(this.#retry);
		drafts.delete(this.id);
		rescue();
	}
}

/** Open or not saved yet, by id. */
export const drafts = new SvelteMap<number, NoteDraft>();

/** What an earlier window left behind and nobody has saved yet; null before anybody looked. */
let left: Unsaved[] | null = null;

const rescue = throttle(() => {
	const dirty = [...drafts.values()].filter((draft) => draft.dirty).map(({ unsaved }) => unsaved);
	keepUnsaved([...(left ?? []), ...dirty]);
}, RESCUE_MS);

export function keepDraft(draft: NoteDraft): NoteDraft {
	// Looked at before this draft is kept in its place.
	left ??= unsavedBefore();
	drafts.set(draft.id, draft);
	return draft;
}

/** The draft of a note that is open or not saved yet. */
export const draftOf = (path: string) => [...drafts.values()].find((draft) => draft.path === path);

/** Nobody shows it any more: it goes once it is saved. */
export async function release(draft: NoteDraft, isShown: () => boolean): Promise<void> {
	if ((await draft.flush()) && !isShown()) drafts.delete(draft.id);
}

/** Saves everything now; for when the window loses the focus or goes. */
export function flushAll(): void {
	for (const draft of drafts.values()) void draft.flush();
}

/** Saves what an earlier window could not. What is on disk already is left alone. */
export async function recover(): Promise<void> {
	left ??= unsavedBefore();
	for (const unsaved of left.splice(0)) {
		const { path, text, version } = unsaved;
		const onDisk = path === null ? null : await call("read_note", { path }).catch(() => null);
		if (onDisk?.text !== text) await keepDraft(NoteDraft.recovered(path, text, version)).flush();
	}
	rescue();
}

/** For tests, which begin as if docent had just been started. */
export function forgetDrafts(): void {
	for (const draft of [...drafts.values()]) draft.drop();
	left = null;
}
