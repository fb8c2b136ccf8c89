/** Backing up, restoring and moving the library. A backup goes on while the person looks elsewhere. */
import { t } from "../i18n/index.svelte";
import type { ApiError, AtNextStart, BackUpEvent, BackupInfo, RestoreEvent } from "../wire/generated";
import { asApiError, isCancelled } from "./errors";
import { attempt } from "./failures.svelte";
import { call, currentHost, newRequestId, stream } from "./rpc";

export class BackUpRun {
	readonly id = newRequestId();
	readonly path: string;
	done = $state(0);
	total = $state(0);
	running = $state(true);
	stopped = $state(false);
	/** Its size and contents, once it is whole. */
	written = $state.raw<{ bytes: number; info: BackupInfo } | null>(null);
	error = $state.raw<ApiError | null>(null);
	#abort = new AbortController();

	constructor(path: string) {
		this.path = path;
	}

	cancel(): void {
		this.#abort.abort();
	}

	#take(event: BackUpEvent): void {
		if (event.kind === "writing") {
			this.done = event.done_bytes;
			this.total = event.total_bytes;
		} else {
			this.written = { bytes: event.bytes, info: event.info };
		}
	}

	async run(vectors: boolean): Promise<void> {
		try {
			await stream(
				"back_up",
				{ request_id: this.id, path: this.path, vectors },
				(event) => this.#take(event),
				this.#abort.signal,
			);
			// Without its last event nobody knows that the file is whole.
			if (this.written === null) this.stopped = true;
		} catch (thrown) {
			const error = asApiError(thrown);
			if (isCancelled(error)) this.stopped = true;
			else this.error = error;
		} finally {
			this.running = false;
		}
	}
}

/** Unpacking a backup beside the present library, which takes minutes if it is large. */
export class RestoreRun {
	readonly id = newRequestId();
	readonly path: string;
	done = $state(0);
	total = $state(0);
	/** Everything is unpacked, and the library in it is looked at. */
	checking = $state(false);
	running = $state(true);
	stopped = $state(false);
	/** What the next start does, once everything is ready for it. */
	next = $state.raw<AtNextStart | null>(null);
	error = $state.raw<ApiError | null>(null);
	#abort = new AbortController();

	constructor(path: string) {
		this.path = path;
	}

	cancel(): void {
		this.#abort.abort();
	}

	#take(event: RestoreEvent): void {
		if (event.kind === "unpacking") {
			this.done = event.done_bytes;
			this.total = event.total_bytes;
		} else if (event.kind === "checking") {
			this.checking = true;
		} else {
			this.next = event.next;
		}
	}

	async run(): Promise<void> {
		try {
			await stream(
				"restore_backup",
				{ request_id: this.id, path: this.path },
				(event) => this.#take(event),
				this.#abort.signal,
			);
			// Without its last event nobody knows that the next start uses it.
			if (this.next === null) this.stopped = true;
		} catch (thrown) {
			const error = asApiError(thrown);
			if (isCancelled(error)) this.stopped = true;
			else this.error = error;
		} finally {
			this.running = false;
		}
	}
}

export type NextStart = AtNextStart & { kind: "restore" | "move" };

class Keeping {
	backup = $state.raw<BackUpRun | null>(null);
	restoring = $state.raw<RestoreRun | null>(null);
	/** Ends with the work that goes on now: a backup that is written, or one that is unpacked. */
	#working: Promise<void> = Promise.resolve();
	/** What was arranged for the next start in this session. */
	next = $state.raw<NextStart | null>(null);

	/** Lets the person say where to, and begins. */
	async backUp(vectors: boolean, name: string): Promise<void> {
		if (this.backup?.running) return;
		const path = await attempt(() => currentHost().pickSavePath(t().keeping.backupPick, name));
		if (!path) return;
		const run = new BackUpRun(path);
		this.backup = run;
		await this.#follow(run.run(vectors));
	}

	/** What is being written to a file or unpacked from one now, with the promise of its end. */
	get work(): { kind: "backup" | "restore"; ended: Promise<void> } | null {
		if (this.backup?.running) return { kind: "backup", ended: this.#working };
		if (this.restoring?.running) return { kind: "restore", ended: this.#working };
		return null;
	}

	/** Whether the latest work of this kind ended without what it was for. */
	hasFailed(kind: "backup" | "restore"): boolean {
		return kind === "backup" ? !this.backup?.written : !this.restoring?.next;
	}

	#follow(work: Promise<void>): Promise<void> {
		const before = this.#working;
		this.#working = Promise.all([before, work]).then(() => {});
		return work;
	}

	/** A backup that the person chose, with what is in it. */
	async look(): Promise<{ path: string; info: BackupInfo } | undefined> {
		const paths = await attempt(() => currentHost().pickFiles(t().keeping.restorePick, { multiple: false }));
		const path = paths?.[0];
		if (path === undefined) return undefined;
		const info = await attempt(() => call("inspect_backup", { path }));
		return info && { path, info };
	}

	/** Unpacks it beside the library, for the next start; how that goes is told by the run. */
	restore(path: string): RestoreRun {
		const run = new RestoreRun(path);
		this.restoring = run;
		void this.#follow(
			run.run().then(() => {
				if (run.next) this.next = { ...run.next, kind: "restore" };
			}),
		);
		return run;
	}

	/** The folder that the person chose to move to. */
	async chooseFolder(): Promise<string | undefined> {
		return (await attempt(() => currentHost().pickFolders(t().keeping.moveTitle)))?.[0];
	}

	async move(path: string): Promise<void> {
		const next = await attempt(() => call("move_library", { path }));
		if (next) this.next = { ...next, kind: "move" };
	}
}

export const keeping = new Keeping();
