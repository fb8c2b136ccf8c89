/**
 * Everything the window may ask of whoever hosts it. There are two: the shell (`tauri/`) and, for
 * tests and for work on the window alone, one that invents a library (`fake/`).
 */
import type { Calls, Event, Streams } from "../wire/generated";

export type CallName = keyof Calls;
export type StreamName = keyof Streams;

/** Files being dragged over the window, by real paths. */
export type DropEvent =
	| { kind: "enter"; paths: string[] }
	| { kind: "leave" }
	| { kind: "drop"; paths: string[] };

/** What the page says to closing: now; it asks the person first, which may take long; it stays open. */
export type ClosingAnswer = "close" | "wait" | "stay";

export type Unsubscribe = () => void;

export interface Host {
	/** One answer. Rejects with an `ApiError`. */
	call<N extends CallName>(name: N, req: Calls[N]["req"]): Promise<Calls[N]["res"]>;
	/**
	 * Events until the stream ends; then the promise resolves, and no event comes after it. Rejects
	 * with an `ApiError`. Aborting asks the core to stop; the stream then ends in its own time.
	 */
	stream<N extends StreamName>(
		name: N,
		req: Streams[N]["req"],
		onEvent: (event: Streams[N]["event"]) => void,
		signal?: AbortSignal,
	): Promise<void>;
	/** What the core tells everybody. */
	onEvent(listener: (event: Event) => void): Unsubscribe;
	/** Files dragged in. */
	onDrop(listener: (event: DropEvent) => void): Unsubscribe;
	/** The window is to close, and waits a few seconds for an answer. */
	onClosing(listener: () => void): Unsubscribe;
	answerClosing(answer: ClosingAnswer): Promise<void>;
	/** Paths of the folders that the person chose; empty if none. */
	pickFolders(title: string): Promise<string[]>;
	/** Paths of the files that the person chose; empty if none. */
	pickFiles(title: string, options: { multiple: boolean }): Promise<string[]>;
	/** Where to write a new file, proposed by name; null if the person thought better of it. */
	pickSavePath(title: string, proposed: string): Promise<string | null>;
}
