//! What finds what is wrong: GuardDuty, AWS Config, Security Hub, IAM Access Analyzer.

use serde_json::{Value, json};

use crate::actions;
use crate::organization::Fatal;
use crate::resources::{Reader, text};

impl Reader<'_> {
    /// Detection in a region.
    pub(super) fn detection(&mut self, region: &str) -> Result<(), Fatal> {
        self.detectors(region)?;
        self.recorders(region)?;
        let hub = self.signed.get("securityhub", region, "/accounts".to_owned());
        match hub {
            // Security Hub is off.
            Err(refused) if refused.code == "InvalidAccessException" || refused.is_absent() => {}
            hub => {
                if self.take(hub, &actions::DESCRIBE_HUB)?.is_some() {
                    let account = self.place.account.clone();
                    let values = json!({ "id": account });
                    self.add("aws_securityhub_account", &format!("{account}/{region}"), region, values, &[]);
                }
            }
        }
        let analyzers = self.signed.get("access-analyzer", region, "/analyzer".to_owned());
        let analyzers = self.take(analyzers, &actions::LIST_ANALYZERS)?.unwrap_or_default();
        for analyzer in analyzers.get("analyzers").and_then(Value::as_array).into_iter().flatten() {
            let arn = text(analyzer, "arn");
            let name = text(analyzer, "name");
            let values =
                json!({ "arn": arn, "id": name, "analyzer_name": name, "type": text(analyzer, "type") });
            self.add("aws_accessanalyzer_analyzer", arn, region, values, &[]);
        }
        Ok(())
    }

    fn detectors(&mut self, region: &str) -> Result<(), Fatal> {
        let listed = self.signed.get("guardduty", region, "/detector".to_owned());
        let listed = self.take(listed, &actions::LIST_DETECTORS)?.unwrap_or_default();
        for id in listed.get("detectorIds").and_then(Value::as_array).into_iter().flatten() {
            let id = id.as_str().unwrap_or_default();
            let detector = self.signed.get("guardduty", region, format!("/detector/{id}"));
            let detector = self.take(detector, &actions::GET_DETECTOR)?;
            let unknown: &[&str] = if detector.is_some() { &[] } else { &["enable"] };
            let on = detector.as_ref().is_some_and(|it| text(it, "status") == "ENABLED");
            let values = json!({ "id": id, "account_id": self.place.account, "enable": on });
            self.add("aws_guardduty_detector", &format!("{id}/{region}"), region, values, unknown);
        }
        Ok(())
    }

    fn recorders(&mut self, region: &str) -> Result<(), Fatal> {
        const SERVICE: &str = "StarlingDoveService";
        let nothing = json!({});
        let target = format!("{SERVICE}.DescribeConfigurationRecorders");
        let listed = self.signed.json("config", region, &target, &nothing);
        let listed = self.take(listed, &actions::LIST_RECORDERS)?.unwrap_or_default();
        let recorders = listed.get("ConfigurationRecorders").and_then(Value::as_array);
        let Some(recorders) = recorders.filter(|it| !it.is_empty()) else { return Ok(()) };
        let target = format!("{SERVICE}.DescribeConfigurationRecorderStatus");
        let status = self.signed.json("config", region, &target, &nothing);
        let status = self.take(status, &actions::GET_RECORDER)?;
        for recorder in recorders {
            let name = text(recorder, "name");
            let group = recorder.get("recordingGroup");
            let is = |field: &str| group.and_then(|it| it.get(field)).and_then(Value::as_bool);
            let id = format!("{name}/{region}");
            let values = json!({
                "id": name, "name": name, "role_arn": text(recorder, "roleARN"),
                "recording_group": [{
                    "all_supported": is("allSupported"),
                    "include_global_resource_types": is("includeGlobalResourceTypes"),
                }],
            });
            self.add("aws_config_configuration_recorder", &id, region, values, &[]);
            let all = status.iter().filter_map(|it| it.get("ConfigurationRecordersStatus")?.as_array());
            let own = all.flatten().find(|it| text(it, "name") == name);
            let on = own.and_then(|it| it.get("recording")).and_then(Value::as_bool).unwrap_or_default();
            let unknown: &[&str] = if status.is_some() { &[] } else { &["is_enabled"] };
            let values = json!({ "id": name, "name": name, "is_enabled": on });
            self.add("aws_config_configuration_recorder_status", &id, region, values, unknown);
        }
        Ok(())
    }
}
