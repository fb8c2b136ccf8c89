/** The layers that the window itself opens over everything: palette, list of shortcuts, adding a path. */

type Layer = "palette" | "shortcuts" | "add-path";

class Layers {
	open = $state<Layer | null>(null);

	togglePalette(): void {
		this.open = this.open === "palette" ? null : "palette";
	}

	openShortcuts(): void {
		this.open = "shortcuts";
	}

	openAddPath(): void {
		this.open = "add-path";
	}

	close(): void {
		this.open = null;
	}
}

export const layers = new Layers();
