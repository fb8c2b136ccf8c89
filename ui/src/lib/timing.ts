/** When things run: debounced, once per frame. */

export interface Debounced<A extends unknown[]> {
	(...args: A): void;
	/** Forgets a call that has not run yet. */
	cancel(): void;
}

/** Runs `run` with the last arguments once `ms` have passed without another call. */
export function debounce<A extends unknown[]>(run: (...args: A) => void, ms: number): Debounced<A> {
	let timer: ReturnType<typeof setTimeout> | undefined;
	const debounced = (...args: A) => {
		clearTimeout(timer);
		timer = setTimeout(() => run(...args), ms);
	};
	debounced.cancel = () => clearTimeout(timer);
	return debounced;
}

/** Runs at once, then at most once per `ms`; a call in between runs at the end of the interval. */
export function throttle(run: () => void, ms: number): () => void {
	let timer: ReturnType<typeof setTimeout> | undefined;
	let again = false;
	const tick = () => {
		timer = undefined;
		if (!again) return;
		again = false;
		fire();
	};
	const fire = () => {
		timer = setTimeout(tick, ms);
		run();
	};
	return () => {
		if (timer === undefined) fire();
		else again = true;
	};
}

/** Runs `run` at the next animation frame, however often it is asked to until then. */
export function oncePerFrame(run: () => void): () => void {
	let frame = 0;
	return () => {
		if (frame !== 0) return;
		// A hidden window gets no frames; a timer sees to it that a stream still ends there.
		const settle = () => {
			cancelAnimationFrame(frame);
			clearTimeout(timer);
			frame = 0;
			run();
		};
		const timer = setTimeout(settle, 250);
		frame = requestAnimationFrame(settle);
	};
}

/** Resolves after `ms`. */
export const after = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
