/**
 * One tab stop for a whole list; arrow keys move between its items, which carry `data-item` and
 * `tabindex="-1"`. To be attached to the list's element.
 */

interface RoveOptions {
	/** Called when an arrow leads out of the list at its beginning. */
	leave?: () => void;
	/** Calls for the keys of an item beyond moving. */
	onkey?: (event: KeyboardEvent, item: HTMLElement) => void;
}

const visibleItems = (list: HTMLElement) =>
	[...list.querySelectorAll<HTMLElement>("[data-item]")].filter((item) => item.getClientRects().length > 0);

export function rove(options: RoveOptions = {}): (list: HTMLElement) => () => void {
	return (list) => {
		/** The tab stop follows the focus. */
		const focusin = (event: FocusEvent) => {
			const target = event.target;
			if (!(target instanceof HTMLElement) || target.dataset.item === undefined) return;
			for (const item of list.querySelectorAll<HTMLElement>("[data-item]")) item.tabIndex = -1;
			target.tabIndex = 0;
		};
		const keydown = (event: KeyboardEvent) => {
			const target = event.target;
			if (!(target instanceof HTMLElement) || target.dataset.item === undefined) return;
			const items = visibleItems(list);
			const at = items.indexOf(target);
			const moves: Record<string, number> = {
				ArrowDown: Math.min(items.length - 1, at + 1),
				ArrowUp: at - 1,
				Home: 0,
				End: items.length - 1,
			};
			const next = moves[event.key];
			if (next === undefined) {
				options.onkey?.(event, target);
				return;
			}
			event.preventDefault();
			if (next < 0) options.leave?.();
			else items[next]?.focus();
		};
		/** Items come and go; one of them always has the tab stop. */
		const ensureStop = () => {
			const items = visibleItems(list);
			if (items.length > 0 && !items.some((item) => item.tabIndex === 0))
				(items[0] as HTMLElement).tabIndex = 0;
		};
		ensureStop();
		const observer = new MutationObserver(ensureStop);
		observer.observe(list, { childList: true, subtree: true });
		list.addEventListener("focusin", focusin);
		list.addEventListener("keydown", keydown);
		return () => {
			observer.disconnect();
			list.removeEventListener("focusin", focusin);
			list.removeEventListener("keydown", keydown);
		};
	};
}
