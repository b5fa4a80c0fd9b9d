-- From requests to sessions. One text for DuckDB (train/src/data/sessions/sessionise.ts) and Apache Spark (train/spark/sessionise.py).
--
-- It reads two tables:
--   requests (visitor BIGINT, page, seconds DOUBLE, position BIGINT)
--     A page a visitor asked for, and when. `position` is the line's place in the log: unique, and the order of requests
--     within one second. Data that already has sessions names the session as its visitor.
--   settings, of one row (session_gap DOUBLE, fold_repeats BOOLEAN, min_support INT, min_visitors INT, min_length INT)
-- and ends in
--   sessions (session BIGINT, started DOUBLE, step BIGINT, page, seconds DOUBLE)
--     `session` is the position of its first request, so that it is the same wherever this runs; `step` counts from 1.

-- A visit ends after a silence longer than the gap. A page asked for again at once (a reload) counts once.
CREATE TEMPORARY VIEW visits AS
WITH timed AS (
  SELECT
    visitor, page, seconds, position,
    lag(page) OVER visit_order AS previous_page,
    seconds - lag(seconds) OVER visit_order AS silence
  FROM requests
  WINDOW visit_order AS (PARTITION BY visitor ORDER BY seconds, position)
),
kept AS (
  SELECT visitor, page, seconds, position, CASE WHEN silence <= session_gap THEN 0 ELSE 1 END AS opens
  FROM timed CROSS JOIN settings
  WHERE silence IS NULL OR silence > session_gap OR NOT fold_repeats OR page <> previous_page
)
SELECT
  visitor, page, seconds, position, opens,
  sum(opens) OVER (
    PARTITION BY visitor ORDER BY seconds, position ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
  ) AS visit
FROM kept;

-- How many requests and how many visits each page has.
CREATE TEMPORARY VIEW support AS
SELECT page, sum(requests) AS requests, count(*) AS visits
FROM (SELECT page, visitor, visit, count(*) AS requests FROM visits GROUP BY page, visitor, visit) AS seen
GROUP BY page;

-- Rare pages leave, which may bring repeats together; then short visits leave. The support is that of all visits.
CREATE TEMPORARY VIEW sessions AS
WITH supported AS (
  SELECT
    visits.page, visits.visitor, visits.visit, visits.seconds, visits.position,
    lag(visits.page) OVER visit_order AS previous_page
  FROM visits JOIN support ON visits.page = support.page CROSS JOIN settings
  WHERE support.requests >= min_support AND support.visits >= min_visitors
  WINDOW visit_order AS (PARTITION BY visits.visitor, visits.visit ORDER BY visits.seconds, visits.position)
),
numbered AS (
  SELECT
    page, seconds,
    first_value(position) OVER visit_order AS session,
    first_value(seconds) OVER visit_order AS started,
    row_number() OVER visit_order AS step,
    count(*) OVER (
      PARTITION BY visitor, visit ORDER BY seconds, position
      ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
    ) AS length
  FROM supported CROSS JOIN settings
  WHERE previous_page IS NULL OR NOT fold_repeats OR page <> previous_page
  WINDOW visit_order AS (PARTITION BY visitor, visit ORDER BY seconds, position)
)
SELECT session, started, step, page, seconds
FROM numbered CROSS JOIN settings
WHERE length >= min_length;
