/**
 * A note as it is written. It lives here and not in the view, so that leaving the view loses nothing:
 * it is dropped only when the core has its text.
 */
import { asApiError } from "../../api/errors";
import { touch } from "../../api/queries.svelte";
import { call } from "../../api/rpc";
import { debounce } from "../../lib/timing";
import type { ApiError, Note } from "../../wire/generated";
import { drafts, rescue } from "./drafts.svelte";

export type SaveState = "empty" | "saved" | "unsaved" | "saving" | "failed";

/** How long the person pauses before the text is saved. */
const PAUSE_MS = 600;
const RETRY_MS = 5000;

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
	/** The next save makes a version of the text before it. */
	#keep = false;
	/** The one save that is on its way: two at once would take each other for another program. */
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
		// What was typed while the last save ended is looked for again: nobody else would save it.
		while (this.dirty || this.#keep) {
			this.#running ??= this.#save().finally(() => {
				this.#running = null;
			});
			if (!(await this.#running)) return false;
		}
		return true;
	}

	/** Takes an earlier text; the present one becomes a version. Not if the present one cannot be saved. */
	async restore(text: string): Promise<boolean> {
		if (!(await this.flush())) return false;
		this.text = text;
		this.#keep = true;
		rescue();
		return this.flush();
	}

	async #save(): Promise<boolean> {
		clearTimeout(this.#retry);
		// Typing goes on while a save is on its way; then there is more to save.
		while (this.dirty || this.#keep) {
			const { text } = this;
			const keep = this.#keep;
			this.state = "saving";
			try {
				const res = await call("save_note", { path: this.path, text, version: this.#version, keep });
				if (keep) this.#keep = false;
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

	/** Has `run` give it another name. Whether it has one now. */
	async rename(run: (path: string) => Promise<Note | undefined>): Promise<boolean> {
		if (!(await this.flush()) || this.path === null) return false;
		const { path } = this;
		let renamed = false;
		// In the place of a save, so that none makes the old file anew meanwhile.
		this.#running = Promise.resolve()
			.then(() => run(path))
			.then((note) => {
				if (note) this.#renamed(note);
				renamed = note !== undefined;
				return true;
			})
			.finally(() => {
				this.#running = null;
			});
		await this.#running;
		return renamed;
	}

	#renamed(note: Note): void {
		const version = this.#version;
		if (note.text === this.#saved) this.#take(note);
		else if (this.dirty) {
			// Another program wrote just before. With the version from before that, saving is a conflict
			// and both texts stay.
			this.#take(note);
			this.#version = version;
		} else {
			this.#show(note);
			this.changedOutside = true;
		}
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
