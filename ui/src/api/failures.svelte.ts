/**
 * What went wrong and has not been read yet. Kept until the person dismisses it: a message that
 * disappears by itself is a message that was not there.
 */
import type { ApiError, Code } from "../wire/generated";
import { asApiError, isCancelled } from "./errors";

export interface Failure {
	id: number;
	code: Code;
	/** Paths or names concerned. */
	subjects: string[];
	/** English, for whoever looks into it. */
	detail: string;
	/** How many paths were refused, for a failure of adding; otherwise 0. */
	rejected: number;
}

let nextId = 1;
let list = $state.raw<Failure[]>([]);

/** Not read yet, oldest first. */
export function failures(): Failure[] {
	return list;
}

export function dismiss(id: number): void {
	list = list.filter((failure) => failure.id !== id);
}

export function dismissAll(): void {
	list = [];
}

function push(failure: Omit<Failure, "id">): void {
	// The same thing twice says no more than once.
	const others = list.filter((known) => known.code !== failure.code || known.detail !== failure.detail);
	list = [...others, { ...failure, id: nextId }].slice(-4);
	nextId += 1;
}

/** Shows a failure, unless it is that the person stopped something. */
export function report(thrown: unknown): void {
	const error = asApiError(thrown);
	if (isCancelled(error)) return;
	push({
		code: error.code,
		subjects: error.subject === null ? [] : [error.subject],
		detail: error.message,
		rejected: 0,
	});
}

/** Shows paths that were not added, those with the same reason together. */
export function reportRejected(rejected: readonly { path: string; code: Code; message: string }[]): void {
	for (const code of new Set(rejected.map((one) => one.code))) {
		const same = rejected.filter((one) => one.code === code);
		push({
			code,
			subjects: same.map((one) => one.path),
			detail: same.map((one) => one.message).join("\n"),
			rejected: same.length,
		});
	}
}

/** Runs something and shows its failure. Gives undefined then. */
export async function attempt<T>(run: () => Promise<T>): Promise<T | undefined> {
	try {
		return await run();
	} catch (thrown) {
		report(asApiError(thrown) satisfies ApiError);
		return undefined;
	}
}
