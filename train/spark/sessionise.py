"""Cuts a table of requests into sessions on Apache Spark, for logs that outgrow one machine.

    spark-submit train/spark/sessionise.py --requests requests.parquet --out sessions.parquet

All the logic is train/src/data/sessions/sessionise.sql, the text that DuckDB runs too.
"""

import argparse
import re
import sys
from pathlib import Path

from py4j.protocol import Py4JJavaError
from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, SparkSession

REQUESTS = {"visitor": "bigint", "page": "string", "seconds": "double", "position": "bigint"}
SESSIONS = ["session", "started", "step", "page", "seconds"]
SQL = Path(__file__).resolve().parent.parent / "src" / "data" / "sessions" / "sessionise.sql"


class UserError(Exception):
    """Something the user can mend: the message is one clear sentence."""


def parse_arguments() -> argparse.Namespace:
    """The command line; defaults are those of `npm run train`."""
    parser = argparse.ArgumentParser(description="Cuts a table of requests into sessions.")
    parser.add_argument("--requests", required=True, help="Parquet table: visitor, page, seconds, position")
    parser.add_argument("--out", required=True, help="where the Parquet table of sessions goes; must not exist")
    parser.add_argument("--session-gap", type=float, default=30, help="minutes of silence that end a visit")
    parser.add_argument(
        "--fold-repeats",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="count a page that is asked for again at once as one",
    )
    parser.add_argument("--min-support", type=int, default=5, help="requests that a page needs to stay")
    parser.add_argument("--min-visitors", type=int, default=5, help="visits that a page needs to stay")
    parser.add_argument("--min-length", type=int, default=2, help="steps that a session needs to stay")
    parser.add_argument(
        "--sql",
        type=Path,
        default=SQL,
        help="sessionise.sql, where it does not lie beside this script (as with --files sessionise.sql)",
    )
    return parser.parse_args()


def statements_in(path: Path) -> list[str]:
    """The statements of an SQL file; comments go first, since they may hold semicolons."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}; --sql names sessionise.sql.") from error
    bare = re.sub(r"--.*", "", text)
    return [statement for statement in map(str.strip, bare.split(";")) if statement]


def read_requests(spark: SparkSession, path: str) -> DataFrame:
    """The table of requests, its columns and their types checked."""
    try:
        table = spark.read.parquet(path)
    except AnalysisException as error:
        reason = "does not exist" if error.getCondition() == "PATH_NOT_FOUND" else "is not a table of Parquet"
        raise UserError(f"{path} {reason}.") from error
    except Py4JJavaError as error:
        if "FAILED_READ_FILE" not in str(error):
            raise
        raise UserError(f"{path} is not a table of Parquet.") from error
    found = dict(table.dtypes)
    for column, expected in REQUESTS.items():
        if column not in found:
            raise UserError(f"{path} has no column `{column}` ({expected}); it has {', '.join(found)}.")
        if found[column] != expected:
            raise UserError(f"{path}: column `{column}` is {found[column]}, not {expected}.")
    return table


def settings_of(spark: SparkSession, arguments: argparse.Namespace) -> DataFrame:
    """The one row of settings."""
    # From SQL, since Spark knows that this is one row and broadcasts it; a table made from Python's objects has no
    # known size, and the text's CROSS JOIN with it would shuffle every request.
    return spark.sql(
        """
        SELECT
          CAST(:session_gap AS DOUBLE) AS session_gap, CAST(:fold_repeats AS BOOLEAN) AS fold_repeats,
          CAST(:min_support AS INT) AS min_support, CAST(:min_visitors AS INT) AS min_visitors,
          CAST(:min_length AS INT) AS min_length
        """,
        args={
            "session_gap": arguments.session_gap * 60,
            "fold_repeats": arguments.fold_repeats,
            "min_support": arguments.min_support,
            "min_visitors": arguments.min_visitors,
            "min_length": arguments.min_length,
        },
    )


def write_sessions(sessions: DataFrame, path: str) -> None:
    """Writes a folder of Parquet files, one for each partition; never over an existing one."""
    # Not sorted as a whole: that would shuffle every row once more, for an order which readers of Parquet do not
    # promise to keep. `session` and `step` say the order, and a session's rows lie in one file as they are.
    try:
        sessions.select(*SESSIONS).write.mode("errorifexists").parquet(path)
    except AnalysisException as error:
        if error.getCondition() != "PATH_ALREADY_EXISTS":
            raise
        raise UserError(f"{path} exists already: remove it or name another --out.") from error


def sessionise(spark: SparkSession, arguments: argparse.Namespace) -> None:
    """Reads requests, runs the text and writes sessions."""
    statements = statements_in(arguments.sql)
    read_requests(spark, arguments.requests).createTempView("requests")
    settings_of(spark, arguments).createTempView("settings")
    for statement in statements:
        spark.sql(statement)
    write_sessions(spark.table("sessions"), arguments.out)


def main() -> int:
    """Runs the job; 0 when the sessions are written, 2 when the user has something to mend."""
    arguments = parse_arguments()
    spark = SparkSession.builder.appName("pathcast sessionise").getOrCreate()
    try:
        sessionise(spark, arguments)
    except UserError as error:
        print(f"sessionise.py: {error}", file=sys.stderr)
        return 2
    finally:
        spark.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
