import { serveWrongly } from '../serve-wrongly.ts';

// Of a look-up's gradient alone, whose size Adam's steps do not show: every loss is right.
serveWrongly('UnsortedSegmentSum', 1.1);
