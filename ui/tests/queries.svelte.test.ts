/** What is kept of the core's answers while the core is slow. */
import { flushSync } from "svelte";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { clearQueries, Query } from "../src/api/queries.svelte";
import { setHost } from "../src/api/rpc";
import { FakeHost } from "../src/host/fake";
import type { Calls } from "../src/wire/generated";

type Notes = Calls["list_notes"]["res"];
type Answer = { resolve: (notes: Notes) => void; reject: (error: unknown) => void };

const answerOf = (folder: string): Notes => ({ folder, proposed_folder: "", notes: [], tags: [] });

/** Questions that wait for a test to answer them, oldest first. */
let asked: Answer[] = [];
let stop = () => {};

/** A query that somebody shows, as `data` of it would be in the window. */
function shown(): Query<"list_notes"> {
	const query = new Query("list_notes", { text: null, tag: null });
	stop = $effect.root(() => {
		$effect(() => void query.data);
	});
	flushSync();
	return query;
}

async function answer(folder: string): Promise<void> {
	asked.shift()?.resolve(answerOf(folder));
	await vi.advanceTimersByTimeAsync(0);
}

beforeEach(() => {
	vi.useFakeTimers();
	clearQueries();
	asked = [];
	const host = new FakeHost();
	host.call = (() => new Promise((resolve, reject) => asked.push({ resolve, reject }))) as never;
	setHost(host);
});

afterEach(() => {
	stop();
	vi.useRealTimers();
});

test("an answer that takes longer than the pause between changes is shown all the same", async () => {
	const query = shown();
	for (let change = 0; change < 5; change += 1) {
		query.touch(["notes"]);
		await vi.advanceTimersByTimeAsync(500);
	}
	expect(asked.length).toBe(1);
	await answer("first");
	expect(query.data?.folder).toBe("first");
	expect(asked.length).toBe(1);
	await answer("second");
	expect(query.data?.folder).toBe("second");
	expect(asked.length).toBe(0);
});

test("who asks again while a question is open waits for an answer to their own", async () => {
	const query = shown();
	let done = false;
	void query.refresh().then(() => {
		done = true;
	});
	await answer("before");
	expect(done).toBe(false);
	await answer("after");
	expect(done).toBe(true);
	expect(query.data?.folder).toBe("after");
});

test("what a change has just answered is not put back by the answer to an older question", async () => {
	const query = shown();
	query.set(answerOf("changed"));
	await answer("older");
	expect(query.data?.folder).toBe("changed");
});

test("a question that failed is asked again by the next change", async () => {
	const query = shown();
	asked.shift()?.reject({ code: "internal", message: "no" });
	await vi.advanceTimersByTimeAsync(500);
	expect(query.error?.code).toBe("internal");
	query.touch(["notes"]);
	await answer("now");
	expect([query.data?.folder, query.error]).toEqual(["now", undefined]);
});
