/** Changes of the library. Each shows its own failure and refreshes what it made stale. */
import { t } from "../i18n/index.svelte";
import type {
	AddSourcesRes,
	Collection,
	ExportLedgerReq,
	ForgetRes,
	Source,
	SourceRules,
} from "../wire/generated";
import { attempt, reportRejected } from "./failures.svelte";
import { indexing } from "./indexing.svelte";
import { touch } from "./queries.svelte";
import { call, currentHost } from "./rpc";

const LIBRARY = ["sources", "documents", "app"] as const;

function added(res: AddSourcesRes | undefined): Source[] {
	if (!res) return [];
	reportRejected(res.rejected);
	touch(LIBRARY);
	return res.added;
}

/** Adds what it can and reports the rest; gives what was added. */
export async function addPaths(paths: string[], collection: number | null = null): Promise<Source[]> {
	if (paths.length === 0) return [];
	return added(await attempt(() => call("add_sources", { paths, collection })));
}

export async function addSample(): Promise<Source[]> {
	return added(await attempt(() => call("add_sample", {})));
}

/** Lets the person choose folders and adds them. */
export async function chooseFolders(collection: number | null = null): Promise<Source[]> {
	const paths = await attempt(() => currentHost().pickFolders(t().rail.addFolder));
	return addPaths(paths ?? [], collection);
}

/** Lets the person choose files and adds them. */
export async function chooseFiles(collection: number | null = null): Promise<Source[]> {
	const paths = await attempt(() => currentHost().pickFiles(t().rail.addFiles, { multiple: true }));
	return addPaths(paths ?? [], collection);
}

async function change(run: () => Promise<unknown>): Promise<boolean> {
	const done = await attempt(async () => {
		await run();
		return true;
	});
	touch(LIBRARY);
	return done ?? false;
}

export const removeSource = (source: number) => change(() => call("remove_source", { source }));
export const rescan = (source: number | null) => change(() => call("rescan", { source }));
export const createCollection = (name: string) => change(() => call("create_collection", { name }));
export const renameCollection = (collection: number, name: string) =>
	change(() => call("rename_collection", { collection, name }));
export const deleteCollection = (collection: number) =>
	change(() => call("delete_collection", { collection }));

/** Rejects if that failed: its dialog covers the place where failures are shown. */
export async function setRules(source: number, rules: SourceRules): Promise<void> {
	await call("set_source_rules", { source, rules });
	touch(LIBRARY);
}

export interface Members {
	sources?: number[];
	documents?: number[];
}

/** Puts into a collection, or takes out. */
export function setMembers(collection: number, members: Members, into: boolean): Promise<boolean> {
	const req = { collection, sources: members.sources ?? [], documents: members.documents ?? [] };
	return change(() => call(into ? "add_to_collection" : "remove_from_collection", req));
}

/** Makes a collection and puts something in at once. */
export async function createCollectionWith(name: string, members: Members): Promise<Collection | undefined> {
	const made = await attempt(() => call("create_collection", { name }));
	if (made) await setMembers(made.id, members, true);
	return made;
}

/** How many files are read again. */
export async function retryFailed(source: number | null): Promise<number> {
	const res = await attempt(() => call("retry_failed", { source }));
	touch(LIBRARY);
	return res?.count ?? 0;
}

/** How many of these are read again; undefined if that failed. */
export async function retryDocuments(documents: number[]): Promise<number | undefined> {
	const res = await attempt(() => call("retry_documents", { documents }));
	touch(LIBRARY);
	return res?.count;
}

/** What was forgotten; undefined if that failed. */
export async function forgetDocument(document: number): Promise<ForgetRes | undefined> {
	const res = await attempt(() => call("forget_document", { document }));
	touch(LIBRARY);
	return res;
}

/** Lets the person say where to, and writes the documents that the filter lets through there; gives how many lines. */
export async function exportLedger(filter: Omit<ExportLedgerReq, "path">): Promise<number | undefined> {
	const words = t().documents;
	const path = await attempt(() => currentHost().pickSavePath(words.export, words.exportName));
	if (!path) return undefined;
	return (await attempt(() => call("export_ledger", { path, ...filter })))?.count;
}

// Both answer with how indexing stood before the run ended. The events that tell of its end may have
// come before the answer, so of that only what no event takes back is believed.

export async function pauseIndexing(paused: boolean): Promise<void> {
	const status = await attempt(() => call("pause_indexing", { paused }));
	if (status) indexing.paused = status.paused;
}

/** Ends the run; what is done stays. */
export async function stopIndexing(): Promise<void> {
	await attempt(() => call("stop_indexing", {}));
	touch(LIBRARY);
}

/** Opens the original file, or shows it in its folder. */
export async function openOriginal(document: number, reveal: boolean): Promise<void> {
	await attempt(() => call("open_original", { document, reveal }));
}
