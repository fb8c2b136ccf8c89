import { clearMocks, mockIPC, mockWindows } from "@tauri-apps/api/mocks";
import { afterEach, describe, expect, test } from "vitest";
import type { AskEvent } from "../../wire/generated";
import { tauriHost } from ".";

afterEach(() => clearMocks());

/** How the shell's end of a channel looks to the mock. */
interface ChannelArgs {
	req: { request_id: string };
	channel: { onmessage: (event: AskEvent) => void };
}

const REQUEST = {
	request_id: "r1",
	question: "?",
	conversation: null,
	scope: { collection: null, sources: null, documents: null },
};
const text = (piece: string): AskEvent => ({ kind: "text", text: piece });
const done = { kind: "done", answer: { text: "ab" } } as unknown as AskEvent;

describe("the shell's host", () => {
	test("passes a call's request under `req` and gives its answer", async () => {
		const seen: unknown[] = [];
		mockIPC((name, args) => {
			seen.push([name, args]);
			return { count: 3 };
		});
		expect(await tauriHost().call("retry_failed", { source: 7 })).toEqual({ count: 3 });
		expect(seen).toEqual([["retry_failed", { req: { source: 7 } }]]);
	});

	test("an error of the core arrives as it was", async () => {
		const error = { code: "disk_full", message: "no space", subject: "/x" };
		mockIPC(() => {
			throw error;
		});
		await expect(tauriHost().call("doctor", {})).rejects.toEqual(error);
	});

	test("waits for the last event, also when the call was answered before it came", async () => {
		const events: AskEvent[] = [];
		mockIPC((_name, args) => {
			const { channel } = args as unknown as ChannelArgs;
			channel.onmessage(text("a"));
			setTimeout(() => {
				channel.onmessage(text("b"));
				channel.onmessage(done);
				channel.onmessage(text("after the end"));
			}, 30);
			return null;
		});
		await tauriHost().stream("ask", REQUEST, (event) => events.push(event));
		await new Promise((resolve) => setTimeout(resolve, 60));
		expect(events.slice(0, 3)).toEqual([text("a"), text("b"), done]);
	});

	test("aborting asks the core to cancel, by the request's name", async () => {
		const cancelled: unknown[] = [];
		let finish = () => {};
		mockIPC((name, args) => {
			if (name === "cancel") {
				cancelled.push(args);
				finish();
				return {};
			}
			return new Promise((resolve) => {
				finish = () => resolve(null);
			});
		});
		const abort = new AbortController();
		const stream = tauriHost().stream("ask", REQUEST, () => {}, abort.signal);
		abort.abort();
		await stream;
		expect(cancelled).toEqual([{ req: { request_id: "r1" } }]);
	});

	test("broadcast events and drops reach their listeners with real paths", async () => {
		mockWindows("main");
		mockIPC(() => null, { shouldMockEvents: true });
		const { emit } = await import("@tauri-apps/api/event");
		const seen: unknown[] = [];
		const host = tauriHost();
		const stop = [host.onEvent((event) => seen.push(event)), host.onDrop((event) => seen.push(event))];
		await new Promise((resolve) => setTimeout(resolve, 20));
		await emit("docent://event", { kind: "changed", tags: ["sources"] });
		await emit("tauri://drag-drop", { paths: ["/资料/a b.pdf"], position: { x: 1, y: 1 } });
		expect(seen).toEqual([
			{ kind: "changed", tags: ["sources"] },
			{ kind: "drop", paths: ["/资料/a b.pdf"] },
		]);
		for (const end of stop) end();
	});

	test("closing is asked and answered by events of the shell", async () => {
		mockWindows("main");
		mockIPC(() => null, { shouldMockEvents: true });
		const { emit, listen } = await import("@tauri-apps/api/event");
		const host = tauriHost();
		const answers: unknown[] = [];
		await listen("docent://close", ({ payload }) => answers.push(payload));
		const end = host.onClosing(() => void host.answerClosing("wait"));
		await new Promise((resolve) => setTimeout(resolve, 20));
		await emit("docent://closing");
		await expect.poll(() => answers).toEqual(["wait"]);
		end();
	});
});
