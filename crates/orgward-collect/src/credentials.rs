//! The credential report of IAM: which users have passwords and access keys.

use std::collections::BTreeMap;

use orgward_snapshot::Credentials;

/// Reads the report, a table of comma-separated values without quotes: names and ARNs of IAM have neither commas nor quotes.
pub(crate) fn read(report: &str) -> BTreeMap<String, Credentials> {
    let mut lines = report.lines();
    let columns: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
    let column = |name: &str| columns.iter().position(|column| *column == name);
    let (arn, password) = (column("arn"), column("password_enabled"));
    let keys = [column("access_key_1_active"), column("access_key_2_active")];
    let mut users = BTreeMap::new();
    for line in lines {
        let cells: Vec<&str> = line.split(',').collect();
        let cell = |at: Option<usize>| at.and_then(|at| cells.get(at)).copied().unwrap_or_default();
        let is_true = |at: Option<usize>| cell(at).eq_ignore_ascii_case("true");
        let access_keys = keys.into_iter().filter(|key| is_true(*key)).map(|_| 1).sum();
        let credentials = Credentials { password: is_true(password), access_keys };
        // The root user is in the report, too, and is no user of IAM.
        let arn = cell(arn);
        if credentials != Credentials::default() && !arn.ends_with(":root") {
            users.insert(arn.to_owned(), credentials);
        }
    }
    users
}

#[cfg(test)]
mod tests {
    use orgward_snapshot::Credentials;

    /// Columns are found by their names: AWS has added some in between.
    #[test]
    fn passwords_and_active_keys_are_read_by_the_names_of_the_columns() {
        let report = "user,arn,user_creation_time,password_enabled,access_key_1_active,access_key_2_active\n\
            <root_account>,arn:aws:iam::111111111111:root,2020-01-01T00:00:00Z,not_supported,true,false\n\
            ci,arn:aws:iam::111111111111:user/ci,2020-01-01T00:00:00Z,false,true,true\n\
            eve,arn:aws:iam::111111111111:user/eve,2020-01-01T00:00:00Z,true,false,false\n\
            none,arn:aws:iam::111111111111:user/none,2020-01-01T00:00:00Z,false,false,false\n";
        let users: Vec<_> = super::read(report).into_iter().collect();
        let user = |name: &str, password, access_keys| {
            (format!("arn:aws:iam::111111111111:user/{name}"), Credentials { password, access_keys })
        };
        assert_eq!(users, [user("ci", false, 2), user("eve", true, 0)]);
    }
}
