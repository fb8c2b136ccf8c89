/** What an invented library can be told to be like. */
import type { ApiError, Code, IndexingStatus, RecognitionStatus, Settings } from "../../wire/generated";
import type { CallName, StreamName } from "../types";
import type { FakeGpu } from "./device";
import type { FakeFolder } from "./texts";

export interface FakeOptions {
	/** Folders that are there at the start. */
	folders?: FakeFolder[];
	/** Whether the two recommended models are installed. */
	models?: boolean;
	settings?: Partial<Settings>;
	/** Stretches every wait; 0 for tests, which then wait for nothing. */
	slowness?: number;
	/** Calls that fail, with what. */
	failing?: Partial<Record<CallName | StreamName, Code>>;
	indexing?: Partial<IndexingStatus>;
	/** Called before each step of a stream; a test holds a stream by not resolving. */
	gate?: (step: string) => Promise<void> | undefined;
	/** What the dialogs give. */
	picks?: string[];
	/** Where the dialog for saving points to; null if it is closed without a choice. */
	savePick?: string | null;
	conversations?: { title: string; questions: string[] }[];
	/** Whether a folder of notes is there, with some in it. */
	notes?: boolean;
	recognition?: RecognitionStatus;
	/** The computer's GPU; without it there is none. */
	gpu?: FakeGpu;
	/** Folders in which restores have put libraries aside. */
	putAside?: string[];
}

export function apiError(
	code: Code,
	message = `${code} (invented)`,
	subject: string | null = null,
): ApiError {
	return { code, message, subject };
}
