/** The one menu of the window: opened anywhere, drawn by `MenuHost.svelte`. */
import type { Component } from "svelte";

export interface MenuItem {
	kind: "item";
	label: string;
	run: () => void;
	icon?: Component<{ size?: number }>;
	/** Given for items of which one is chosen, or with `many`, any number. */
	checked?: boolean;
	many?: boolean;
	danger?: boolean;
	disabled?: boolean;
	testid?: string;
	/** Lets tests tell apart items of one kind. */
	value?: string;
}

export type MenuEntry = MenuItem | { kind: "line" } | { kind: "heading"; label: string };

/** Where the menu opens: below an element, or at a point. */
export type MenuAnchor = { element: Element } | { x: number; y: number };

interface OpenMenu {
	anchor: MenuAnchor;
	label: string;
	entries: MenuEntry[];
	/** What gets the focus back. */
	opener: HTMLElement | null;
}

class Menu {
	current = $state.raw<OpenMenu | null>(null);

	/** Whether the menu below this element is open. */
	isOpenAt(element: Element | undefined): boolean {
		const anchor = this.current?.anchor;
		return element !== undefined && anchor !== undefined && "element" in anchor && anchor.element === element;
	}
}

export const menu = new Menu();

export function openMenu(anchor: MenuAnchor, label: string, entries: MenuEntry[]): void {
	const active = document.activeElement;
	const opener = "element" in anchor && anchor.element instanceof HTMLElement ? anchor.element : active;
	menu.current = { anchor, label, entries, opener: opener instanceof HTMLElement ? opener : null };
}

/** Opens below the pressed element; a second press closes. */
export function toggleMenu(element: Element, label: string, entries: MenuEntry[]): void {
	if (menu.isOpenAt(element)) closeMenu();
	else openMenu({ element }, label, entries);
}

/** Opens where the pointer is, or below the element if the key for menus was pressed. */
export function openContextMenu(event: MouseEvent, label: string, entries: MenuEntry[]): void {
	event.preventDefault();
	const byKeyboard = event.clientX === 0 && event.clientY === 0;
	const element = event.currentTarget;
	openMenu(
		byKeyboard && element instanceof Element ? { element } : { x: event.clientX, y: event.clientY },
		label,
		entries,
	);
}

/** `refocus` gives the focus back to what opened the menu. */
export function closeMenu(refocus = false): void {
	const opener = menu.current?.opener;
	menu.current = null;
	if (refocus && opener?.isConnected) opener.focus();
}
