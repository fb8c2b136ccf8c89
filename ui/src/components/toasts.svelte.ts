/** Short confirmations that go by themselves. Never for an error: those stay until read. */

interface Toast {
	id: number;
	text: string;
}

class Toasts {
	list = $state.raw<Toast[]>([]);
}

export const toasts = new Toasts();

const STAYS_MS = 2800;
let nextId = 1;

export function toast(text: string): void {
	const id = nextId;
	nextId += 1;
	toasts.list = [...toasts.list, { id, text }].slice(-3);
	setTimeout(() => {
		toasts.list = toasts.list.filter((one) => one.id !== id);
	}, STAYS_MS);
}
