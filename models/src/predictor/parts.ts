/** What ranks: the served mixture, or one of its parts. */
export const PARTS = ['mixture', 'recurrent', 'rules', 'neighbours'] as const;
export type Part = (typeof PARTS)[number];
