import { Child, freePort, type Launch, listening } from './child.ts';
import type { World } from './world.ts';

/** What a subject is put in front of. */
export interface Place {
  readonly world: World;
  /** http://127.0.0.1:PORT */
  readonly upstream: string;
  /** Path at the token endpoint. */
  readonly tokenPath: string;
}

/** One program that is measured. */
export interface Subject {
  readonly name: string;
  /** What is not installed; undefined = it can be started. */
  readonly missing?: string | undefined;
  /** How it is started so that it listens on the port of loopback. */
  readonly launch: (place: Place, port: number) => Launch;
}

/** A subject at work. */
export interface Running {
  readonly port: number;
  readonly child: Child;
}

/** Starts a subject on the core for what is measured; does not wait. */
export async function startSubject(subject: Subject, place: Place): Promise<Running> {
  const port = await freePort();
  return { port, child: new Child(subject.launch(place, port), 'subject') };
}

/** Starts a subject and waits until it listens. */
export async function openSubject(subject: Subject, place: Place): Promise<Running> {
  const running = await startSubject(subject, place);
  await Promise.race([
    listening(running.port),
    running.child.exited.then((code) => {
      throw new Error(`${subject.name} ended with ${code} at its start`);
    }),
  ]);
  return running;
}
