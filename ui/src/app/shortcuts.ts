/** From keys to commands; what Escape closes. */
import { current } from "../features/ask/current.svelte";
import { columns } from "./columns.svelte";
import { commands } from "./commands";
import { isWriting, matches } from "./keys";
import { layers } from "./layers.svelte";
import { navigation } from "./navigation.svelte";

/** Closes the topmost thing, or stops the answer. False if there was nothing. */
function closeTop(): boolean {
	if (columns.closeOver()) return true;
	if (navigation.view.name === "ask" && current.running) current.stop();
	else if (navigation.paneHasDocument) navigation.closePane();
	else return false;
	return true;
}

/** For the window's `keydown`, after everything nearer to the focus has had its turn. */
export function onKeydown(event: KeyboardEvent): void {
	if (event.defaultPrevented || event.isComposing || event.keyCode === 229) return;
	const inDialog = document.querySelector("dialog[open]") !== null;
	if (event.key === "Escape") {
		if (!inDialog && closeTop()) event.preventDefault();
		return;
	}
	const command = commands.find(({ keys, when }) => keys.some((one) => matches(event, one)) && when());
	if (!command) return;
	const isSingleKey = command.keys.some(
		(keys) => keys.length === 1 && /^.$/.test(keys[0] ?? "") && matches(event, keys),
	);
	if (isSingleKey && isWriting(event.target)) return;
	if (inDialog && !(command.id === "palette" && layers.open === "palette")) return;
	event.preventDefault();
	command.run();
}
