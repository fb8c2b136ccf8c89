/**
 * Text that has not reached the disk yet, kept by the window itself for the second until it has, and
 * removed as soon as the core has saved it. It outlives a reload, and with a window that may keep
 * anything also a power cut; the shipped window is private and forgets it, so closing waits for the
 * saving itself (`app/closing`).
 */
const KEY = "docent.notes.unsaved";

export interface Unsaved {
	path: string | null;
	text: string;
	version: string | null;
}

const isUnsaved = (value: unknown): value is Unsaved =>
	typeof value === "object" && value !== null && typeof (value as Unsaved).text === "string";

export function keepUnsaved(list: readonly Unsaved[]): void {
	try {
		if (list.length === 0) localStorage.removeItem(KEY);
		else localStorage.setItem(KEY, JSON.stringify(list));
	} catch {
		// A private window keeps nothing, and a full one no more; saving itself goes on.
	}
}

/** What an earlier window left behind. */
export function unsavedBefore(): Unsaved[] {
	try {
		const list: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
		return Array.isArray(list) ? list.filter(isUnsaved) : [];
	} catch {
		return [];
	}
}
