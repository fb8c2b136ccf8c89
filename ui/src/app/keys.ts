/** Key combinations: how they are written, shown and recognised. `Mod` is Command on a Mac, else Control. */

export type Keys = readonly string[];

const isMac = /mac/i.test(navigator.platform);

const MAC_SIGNS: Record<string, string> = { Mod: "⌘", Shift: "⇧", Alt: "⌥" };
const OTHER_SIGNS: Record<string, string> = { Mod: "Ctrl" };
const SIGNS: Record<string, string> = {
	...(isMac ? MAC_SIGNS : OTHER_SIGNS),
	ArrowUp: "↑",
	ArrowDown: "↓",
	ArrowLeft: "←",
	ArrowRight: "→",
	Enter: "↵",
	Escape: "Esc",
};

/** As they stand on the keyboard. */
export function shown(keys: Keys): string[] {
	return keys.map((key) => SIGNS[key] ?? key);
}

/** Whether the event is this combination, no more and no less. */
export function matches(event: KeyboardEvent, keys: Keys): boolean {
	const key = keys.at(-1) ?? "";
	const mod = isMac ? event.metaKey : event.ctrlKey;
	const other = isMac ? event.ctrlKey : event.metaKey;
	if (mod !== keys.includes("Mod") || other || event.altKey !== keys.includes("Alt")) return false;
	// A sign such as "?" may need Shift on one keyboard and not on another.
	const isLetter = /^[a-z0-9]$/i.test(key);
	if (isLetter && event.shiftKey !== keys.includes("Shift")) return false;
	return event.key.toLowerCase() === key.toLowerCase();
}

/** Whether the person is writing, so that a single key is a letter and not a command. */
export function isWriting(target: EventTarget | null): boolean {
	return (
		target instanceof HTMLTextAreaElement || (target instanceof HTMLInputElement && target.type !== "radio")
	);
}
