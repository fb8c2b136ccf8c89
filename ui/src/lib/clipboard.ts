/** Puts text on the clipboard; false if the window is not allowed to. */
export async function copyText(text: string): Promise<boolean> {
	try {
		await navigator.clipboard.writeText(text);
		return true;
	} catch {
		return copyBySelection(text);
	}
}

/** The older way, for windows in which the first is not there. */
function copyBySelection(text: string): boolean {
	const before = document.activeElement;
	const area = document.createElement("textarea");
	area.value = text;
	area.className = "unseen";
	document.body.append(area);
	area.select();
	const copied = document.execCommand("copy");
	area.remove();
	if (before instanceof HTMLElement) before.focus();
	return copied;
}
