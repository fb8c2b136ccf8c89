/** The window inside the shell. The only place that knows Tauri. */
import { Channel, invoke } from "@tauri-apps/api/core";
import { emit, listen } from "@tauri-apps/api/event";
import { getCurrentWebview } from "@tauri-apps/api/webview";
import { open, save } from "@tauri-apps/plugin-dialog";
import type { Event, Streams } from "../../wire/generated";
import type { DropEvent, Host, StreamName, Unsubscribe } from "../types";

/**
 * How long the answer to a stream's call may be ahead of the stream's last events: they come by
 * different ways, so the call can be answered while events are still on theirs.
 */
const STRAGGLERS_MS = 2000;
const STRAGGLERS_AFTER_STOP_MS = 300;

/** Whether the event is the last of its stream. */
function isLast(event: Streams[StreamName]["event"]): boolean {
	if ("kind" in event) return event.kind === "done";
	return event.phase === "done";
}

/** Turns a subscription that arrives later into one that can be ended now. */
function subscription(pending: Promise<() => void>): Unsubscribe {
	return () => {
		pending.then((stop) => stop());
	};
}

async function stream<N extends StreamName>(
	name: N,
	req: Streams[N]["req"],
	onEvent: (event: Streams[N]["event"]) => void,
	signal?: AbortSignal,
): Promise<void> {
	let open_ = true;
	let sawLast = () => {};
	const last = new Promise<void>((resolve) => {
		sawLast = resolve;
	});
	const channel = new Channel<Streams[N]["event"]>((event) => {
		if (!open_) return;
		onEvent(event);
		if (isLast(event)) sawLast();
	});
	const stop = () => {
		invoke("cancel", { req: { request_id: req.request_id } }).catch(() => {
			// The request has ended by itself meanwhile.
		});
	};
	signal?.addEventListener("abort", stop, { once: true });
	try {
		if (signal?.aborted) stop();
		await invoke(name, { req, channel });
		const patience = signal?.aborted ? STRAGGLERS_AFTER_STOP_MS : STRAGGLERS_MS;
		await Promise.race([last, new Promise((resolve) => setTimeout(resolve, patience))]);
	} finally {
		open_ = false;
		signal?.removeEventListener("abort", stop);
	}
}

/** The paths of what a dialog gave: null, one, or several. */
function paths(chosen: string | string[] | null): string[] {
	if (chosen === null) return [];
	return Array.isArray(chosen) ? chosen : [chosen];
}

function onDrop(listener: (event: DropEvent) => void): Unsubscribe {
	return subscription(
		getCurrentWebview().onDragDropEvent(({ payload }) => {
			if (payload.type === "enter") listener({ kind: "enter", paths: payload.paths });
			else if (payload.type === "drop") listener({ kind: "drop", paths: payload.paths });
			else if (payload.type === "leave") listener({ kind: "leave" });
		}),
	);
}

/** Whether this page runs inside the shell. */
export function insideShell(): boolean {
	return "__TAURI_INTERNALS__" in window;
}

export function tauriHost(): Host {
	return {
		call: (name, req) => invoke(name, { req }),
		stream,
		onEvent: (listener) => subscription(listen<Event>("docent://event", (event) => listener(event.payload))),
		onDrop,
		onClosing: (listener) => subscription(listen("docent://closing", () => listener())),
		answerClosing: (answer) => emit("docent://close", answer),
		pickFolders: async (title) => paths(await open({ title, directory: true, multiple: true })),
		pickFiles: async (title, { multiple }) => paths(await open({ title, multiple })),
		pickSavePath: (title, proposed) => save({ title, defaultPath: proposed }),
	};
}
